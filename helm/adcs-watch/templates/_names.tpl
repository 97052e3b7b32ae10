{{/* Names and labels. Selector labels are frozen: a StatefulSet cannot change them. */}}

{{- define "adcs-watch.name" -}}
{{- regexReplaceAll "[-._]+$" (.Values.nameOverride | default (lower .Chart.Name) | trunc 40) "" -}}
{{- end -}}

{{/*
At most 40 letters: names of pods, and of revisions of a StatefulSet, add to it and have 63. The name of a Service begins with a letter and has no dot.
A name that is changed for that ends with a hash of the original, so that two releases never share one.
*/}}
{{- define "adcs-watch.fullname" -}}
{{- $name := include "adcs-watch.name" . -}}
{{- $wanted := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- $wanted = .Values.fullnameOverride | default $wanted -}}
{{- $legal := regexReplaceAll "^([0-9])" (regexReplaceAll "[._]" $wanted "-") "r${1}" -}}
{{- if or (ne $legal $wanted) (gt (len $legal) 40) -}}
{{- $legal = printf "%s-%s" ($legal | trunc 31 | trimSuffix "-") (sha256sum $wanted | trunc 8) -}}
{{- end -}}
{{- $legal -}}
{{- end -}}

{{- define "adcs-watch.selectorLabels" -}}
app.kubernetes.io/name: {{ include "adcs-watch.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- define "adcs-watch.labels" -}}
{{ include "adcs-watch.labelsWith" (dict "root" . "labels" dict) }}
{{- end -}}

{{/* The same with the labels that an object has of its own, which win over commonLabels. Of (dict "root" $ "labels" …). */}}
{{- define "adcs-watch.labelsWith" -}}
{{- with .root -}}
{{ include "adcs-watch.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: adcs-watch
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- with mergeOverwrite dict (.root.Values.commonLabels | default dict) (.labels | default dict) }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of pods: nothing that a new version of the chart alone changes, because that would restart all pods. */}}
{{- define "adcs-watch.podLabels" -}}
{{ include "adcs-watch.selectorLabels" . }}
app.kubernetes.io/part-of: adcs-watch
{{- with mergeOverwrite dict (.Values.commonLabels | default dict) (.Values.podLabels | default dict) }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "adcs-watch.image" -}}
{{- with .Values.image -}}
{{- $name := empty .registry | ternary .repository (printf "%s/%s" .registry .repository) -}}
{{- if .digest -}}
{{- printf "%s@%s" $name .digest -}}
{{- else -}}
{{- printf "%s:%s" $name (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The stages that are pods of their own, as a JSON array. */}}
{{- define "adcs-watch.stages" -}}
{{- eq .Values.mode "all" | ternary (list "all") (list "router" "detector") | toJson -}}
{{- end -}}
