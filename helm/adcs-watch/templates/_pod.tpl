{{/*
The spec of a pod that runs the program. Of a dict: root; args; configMap; for a stage also stage and resources.
*/}}
{{- define "adcs-watch.podSpec" -}}
{{- $root := .root -}}
{{- with $root.Values -}}
serviceAccountName: {{ .serviceAccountName | default "default" | quote }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
securityContext:
  {{- toYaml .podSecurityContext | nindent 2 }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: adcs-watch
    image: {{ include "adcs-watch.image" $root | quote }}
    imagePullPolicy: {{ .image.pullPolicy }}
    args:
      {{- toYaml $.args | nindent 6 }}
    env:
      - name: POD_NAME
        valueFrom:
          fieldRef:
            fieldPath: metadata.name
      {{- with .extraEnv }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    securityContext:
      {{- toYaml .securityContext | nindent 6 }}
    {{- if $.stage }}
    ports:
      - name: http
        containerPort: {{ .http.port }}
        protocol: TCP
    {{- include "adcs-watch.probes" $root | nindent 4 }}
    {{- end }}
    resources:
      {{- $small := dict "requests" (dict "cpu" "50m" "memory" "64Mi") "limits" (dict "memory" "64Mi") }}
      {{- toYaml ($.stage | empty | ternary $small ($.resources | default dict)) | nindent 6 }}
    volumeMounts:
      - name: config
        mountPath: /etc/adcs-watch/config
        readOnly: true
      {{- if .secrets.sasl.existingSecret }}
      - name: sasl
        mountPath: {{ include "adcs-watch.secretsFolder" $root }}/sasl
        readOnly: true
      {{- end }}
      {{- if .secrets.tls.existingSecret }}
      - name: tls
        mountPath: {{ include "adcs-watch.secretsFolder" $root }}/tls
        readOnly: true
      {{- end }}
      {{- with .extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: config
    configMap:
      name: {{ $.configMap | quote }}
  {{- with .secrets.sasl }}
  {{- if .existingSecret }}
  - name: sasl
    secret:
      secretName: {{ .existingSecret | quote }}
      defaultMode: 0440
      items:
        - {key: {{ .passwordKey | quote }}, path: {{ .passwordKey | quote }}}
  {{- end }}
  {{- end }}
  {{- with .secrets.tls }}
  {{- if .existingSecret }}
  - name: tls
    secret:
      secretName: {{ .existingSecret | quote }}
      defaultMode: 0440
      items:
        {{- range list .caKey .certKey .privateKeyKey .privateKeyPasswordKey | compact | uniq }}
        - {key: {{ . | quote }}, path: {{ . | quote }}}
        {{- end }}
  {{- end }}
  {{- end }}
  {{- with .extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
/livez covers the process and its poll loop, never Kafka: an outage of the brokers makes a pod unready, and never restarts it.
*/}}
{{- define "adcs-watch.probes" -}}
startupProbe:
  httpGet:
    path: /livez
    port: http
    scheme: {{ include "adcs-watch.scheme" . }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: {{ div (add .Values.startupBudgetSeconds 4) 5 }}
livenessProbe:
  httpGet:
    path: /livez
    port: http
    scheme: {{ include "adcs-watch.scheme" . }}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /readyz
    port: http
    scheme: {{ include "adcs-watch.scheme" . }}
  periodSeconds: 5
  timeoutSeconds: 3
  failureThreshold: 3
{{- end -}}
