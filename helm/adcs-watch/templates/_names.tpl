{{/* Names and labels. Selector labels are frozen: a StatefulSet cannot change them. */}}

{{- define "adcs-watch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 letters: names of pods, and of revisions of a StatefulSet, add to it and have 63. */}}
{{- define "adcs-watch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "adcs-watch.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "adcs-watch.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "adcs-watch.selectorLabels" -}}
app.kubernetes.io/name: {{ include "adcs-watch.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "adcs-watch.labels" -}}
{{ include "adcs-watch.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: adcs-watch
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of pods: nothing that a new version of the chart alone changes, because that would restart all pods. */}}
{{- define "adcs-watch.podLabels" -}}
{{ include "adcs-watch.selectorLabels" . }}
app.kubernetes.io/part-of: adcs-watch
{{- with mergeOverwrite (deepCopy .Values.commonLabels) .Values.podLabels }}
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
