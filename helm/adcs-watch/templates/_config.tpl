{{/* The config of the program: what the values say, and what the chart knows better. */}}

{{- define "adcs-watch.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- include "adcs-watch.dropNulls" $config -}}
{{- include "adcs-watch.refuse" (dict "config" $config "Values" .Values) -}}
{{- $_ := set $config.kafka "instance_id" (dict "env" "POD_NAME") -}}
{{- with .Values.secrets.sasl -}}
{{- if .existingSecret -}}
{{- $field := eq $config.kafka.sasl.mechanism "OAUTHBEARER" | ternary "token" "password" -}}
{{- $_ := set $config.kafka.sasl $field (dict "file" (printf "%s/sasl/%s" (include "adcs-watch.secretsFolder" $) .passwordKey)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.secrets.tls -}}
{{- if .existingSecret -}}
{{- $folder := printf "%s/tls" (include "adcs-watch.secretsFolder" $) -}}
{{- $tls := $config.kafka.tls | default dict -}}
{{- if .caKey }}{{ $_ := set $tls "ca_file" (printf "%s/%s" $folder .caKey) }}{{ end -}}
{{- if .certKey }}{{ $_ := set $tls "cert_file" (printf "%s/%s" $folder .certKey) }}{{ end -}}
{{- if .privateKeyKey }}{{ $_ := set $tls "key_file" (printf "%s/%s" $folder .privateKeyKey) }}{{ end -}}
{{- if .privateKeyPasswordKey }}{{ $_ := set $tls "key_password" (dict "file" (printf "%s/%s" $folder .privateKeyPasswordKey)) }}{{ end -}}
{{- $_ := set $config.kafka "tls" $tls -}}
{{- end -}}
{{- end -}}
{{- $_ := set $config "http" (mergeOverwrite ($config.http | default dict) (dict "listen" (printf "%s:%d" (.Values.http.address | replace "[::]" "::" | replace "::" "[::]") (int .Values.http.port)))) -}}
{{- $_ := set $config "shutdown" (mergeOverwrite ($config.shutdown | default dict) (dict "grace" (printf "%ds" (int .Values.shutdownGraceSeconds)))) -}}
{{- $text := toYaml $config -}}
{{- if gt (len $text) 1000000 -}}
{{- fail (printf "config: %d bytes, but a ConfigMap has at most 1 MiB: put lists of the policy into files of a volume (extraVolumes)" (len $text)) -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/* What rolls the pods when it changes: the config, without a policy that they take while they run. */}}
{{- define "adcs-watch.rollsFor" -}}
{{- $config := include "adcs-watch.config" . -}}
{{- if .Values.reloadPolicy -}}
{{- omit (fromYaml $config) "policy" | toYaml -}}
{{- else -}}
{{- $config -}}
{{- end -}}
{{- end -}}

{{- define "adcs-watch.secretsFolder" -}}
/etc/adcs-watch/secrets
{{- end -}}

{{/* A name without a value is absent for the program, and for the chart. In place. */}}
{{- define "adcs-watch.dropNulls" -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value -}}
{{- include "adcs-watch.dropNulls" $value -}}
{{- else if kindIs "invalid" $value -}}
{{- $_ := unset $ $key -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* How health and metrics are served. */}}
{{- define "adcs-watch.scheme" -}}
{{- (.Values.config.http | default dict).tls | empty | ternary "HTTP" "HTTPS" -}}
{{- end -}}

{{/* Whether connections to the brokers are encrypted. An empty `tls` means the certificates of the image. */}}
{{- define "adcs-watch.encrypted" -}}
{{- if or (kindIs "map" .Values.config.kafka.tls) .Values.secrets.tls.existingSecret }}yes{{ end -}}
{{- end -}}

{{/* Rules that a schema cannot express. */}}
{{- define "adcs-watch.refuse" -}}
{{- $config := .config -}}
{{- $kafka := $config.kafka -}}
{{- $sasl := .Values.secrets.sasl -}}
{{- $tls := .Values.secrets.tls -}}
{{- if hasKey $kafka "instance_id" }}{{ fail "config.kafka.instance_id: the chart sets it, to the name of the pod" }}{{ end -}}
{{- if hasKey ($config.http | default dict) "listen" }}{{ fail "config.http.listen: set http.address and http.port" }}{{ end -}}
{{- if hasKey ($config.shutdown | default dict) "grace" }}{{ fail "config.shutdown.grace: set shutdownGraceSeconds" }}{{ end -}}
{{- if and $sasl.existingSecret (not $kafka.sasl) }}{{ fail "secrets.sasl.existingSecret: config.kafka.sasl must name the owner of the password: {mechanism, username}" }}{{ end -}}
{{- range list "password" "token" -}}
{{- if and $sasl.existingSecret (hasKey ($kafka.sasl | default dict) .) }}{{ fail (printf "config.kafka.sasl.%s: it is in secrets.sasl.existingSecret already" .) }}{{ end -}}
{{- end -}}
{{- if ne (empty $tls.certKey) (empty $tls.privateKeyKey) }}{{ fail "secrets.tls: certKey and privateKeyKey belong together" }}{{ end -}}
{{- if $tls.existingSecret -}}
{{- range list "ca_file" "cert_file" "key_file" "key_password" -}}
{{- if hasKey ($kafka.tls | default dict) . }}{{ fail (printf "config.kafka.tls.%s: it is in secrets.tls.existingSecret; say its key there" .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and $tls.existingSecret (not (or $tls.caKey $tls.certKey)) }}{{ fail "secrets.tls.existingSecret: neither caKey nor certKey is set" }}{{ end -}}
{{- $usual := dict "caKey" "ca.crt" "certKey" "" "privateKeyKey" "" "privateKeyPasswordKey" "" -}}
{{- range $key, $value := $usual -}}
{{- if and (not $tls.existingSecret) (ne $value (get $tls $key | default $value)) }}{{ fail (printf "secrets.tls.%s: secrets.tls.existingSecret is not set" $key) }}{{ end -}}
{{- end -}}
{{- if and (not $sasl.existingSecret) (ne $sasl.passwordKey "password") }}{{ fail "secrets.sasl.passwordKey: secrets.sasl.existingSecret is not set" }}{{ end -}}
{{- range $kafka.brokers -}}
{{- if gt (regexFind "[0-9]+$" . | int) 65535 }}{{ fail (printf "config.kafka.brokers: %s: the greatest port is 65535" .) }}{{ end -}}
{{- end -}}
{{- $variables := list "POD_NAME" -}}
{{- range .Values.extraEnv -}}
{{- if has .name $variables }}{{ fail (printf "extraEnv: %s is set already" .name) }}{{ end -}}
{{- if and (hasKey . "value") (hasKey . "valueFrom") }}{{ fail (printf "extraEnv: %s has both value and valueFrom" .name) }}{{ end -}}
{{- $variables = append $variables .name -}}
{{- end -}}
{{- include "adcs-watch.refuseKeys" . -}}
{{- $monitors := dict "podMonitor" (.Values.podMonitor | default dict) "serviceMonitor" (.Values.serviceMonitor | default dict) -}}
{{- if and $monitors.podMonitor.enabled $monitors.serviceMonitor.enabled }}{{ fail "podMonitor and serviceMonitor: with both, every pod is scraped twice" }}{{ end -}}
{{- range $name, $monitor := $monitors -}}
{{- if and $monitor.interval $monitor.scrapeTimeout -}}
{{- if gt (include "adcs-watch.milliseconds" $monitor.scrapeTimeout | int64) (include "adcs-watch.milliseconds" $monitor.interval | int64) -}}
{{- fail (printf "%s.scrapeTimeout: %s is more than the interval %s" $name $monitor.scrapeTimeout $monitor.interval) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Labels and annotations that the chart sets itself. */}}
{{- define "adcs-watch.refuseKeys" -}}
{{- $app := "app.kubernetes.io/" -}}
{{- $pods := list (print $app "name") (print $app "instance") (print $app "component") (print $app "part-of") "checksum/config" -}}
{{- $objects := concat $pods (list (print $app "version") (print $app "managed-by") "helm.sh/chart") -}}
{{- range $value := list "podLabels" "podAnnotations" -}}
{{- range $key, $_ := index $.Values $value -}}
{{- if has $key $pods }}{{ fail (printf "%s: the chart sets %s" $value $key) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $labels := dict "commonLabels" .Values.commonLabels -}}
{{- range $value := list "podMonitor" "serviceMonitor" "prometheusRule" }}{{ $_ := set $labels (print $value ".labels") (get $.Values $value | default dict).labels }}{{ end -}}
{{- $_ := set $labels "dashboards.extraLabels" (.Values.dashboards | default dict).extraLabels -}}
{{- range $value, $words := $labels -}}
{{- range $key, $_ := $words -}}
{{- if has $key $objects }}{{ fail (printf "%s: the chart sets %s" $value $key) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "adcs-watch.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 -}}
{{- mul (regexFind "^[0-9]+" . | int64) (get $units (regexFind "[a-z]+$" .)) -}}
{{- end -}}

{{/* Partitions of the routed topic. */}}
{{- define "adcs-watch.partitions" -}}
{{- (.Values.config.topics | default dict).partitions | default 8 | int -}}
{{- end -}}

{{/* Threads of a stage in one pod: the detector's where both are in it, for they bound it. Of (dict "root" $ "stage" …). */}}
{{- define "adcs-watch.workers" -}}
{{- $of := eq .stage "router" | ternary "router" "detector" -}}
{{- get .root.Values.config.workers $of | int -}}
{{- end -}}

{{/* How many pods have something to do at most; a router's sources are not known here. Of (dict "root" $ "stage" …). */}}
{{- define "adcs-watch.usefulPods" -}}
{{- max 1 (div (include "adcs-watch.partitions" .root | int) (include "adcs-watch.workers" . | int)) -}}
{{- end -}}

{{/* Ports of the brokers, as a JSON array. */}}
{{- define "adcs-watch.brokerPorts" -}}
{{- $ports := .Values.networkPolicy.brokerPorts -}}
{{- if not $ports -}}
{{- range .Values.config.kafka.brokers }}{{ $ports = append $ports (regexFind "[0-9]+$" . | int) }}{{ end -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}
