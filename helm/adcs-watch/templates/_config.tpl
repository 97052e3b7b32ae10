{{/* The config of the program: what the values say, and what the chart knows better. */}}

{{- define "adcs-watch.config" -}}
{{- include "adcs-watch.refuse" . -}}
{{- $config := deepCopy .Values.config -}}
{{- include "adcs-watch.wholeNumbers" $config -}}
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
{{- $_ := set $config "http" (mergeOverwrite ($config.http | default dict) (dict "listen" (printf "%s:%d" .Values.http.address (int .Values.http.port)))) -}}
{{- $_ := set $config "shutdown" (mergeOverwrite ($config.shutdown | default dict) (dict "grace" (printf "%ds" (int .Values.shutdownGraceSeconds)))) -}}
{{- toYaml $config -}}
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

{{/* Helm reads every number as a fraction and writes a million as 1e+06: whole ones are made whole again, in place. */}}
{{- define "adcs-watch.wholeNumbers" -}}
{{- $map := . -}}
{{- range $key, $value := $map -}}
{{- if kindIs "map" $value -}}
{{- include "adcs-watch.wholeNumbers" $value -}}
{{- else if kindIs "slice" $value -}}
{{- $items := list -}}
{{- range $item := $value -}}
{{- if kindIs "map" $item }}{{ include "adcs-watch.wholeNumbers" $item }}{{ end -}}
{{- $whole := false -}}
{{- if kindIs "float64" $item }}{{ $whole = eq $item (floor $item) }}{{ end -}}
{{- $items = append $items ($whole | ternary (int64 $item) $item) -}}
{{- end -}}
{{- $_ := set $map $key $items -}}
{{- else if kindIs "float64" $value -}}
{{- if eq $value (floor $value) }}{{ $_ := set $map $key (int64 $value) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* How health and metrics are served. */}}
{{- define "adcs-watch.scheme" -}}
{{- hasKey (.Values.config.http | default dict) "tls" | ternary "HTTPS" "HTTP" -}}
{{- end -}}

{{/* Rules that a schema cannot express. */}}
{{- define "adcs-watch.refuse" -}}
{{- $config := .Values.config -}}
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
{{- if and .Values.podMonitor.enabled .Values.serviceMonitor.enabled }}{{ fail "podMonitor and serviceMonitor: with both, every pod is scraped twice" }}{{ end -}}
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
