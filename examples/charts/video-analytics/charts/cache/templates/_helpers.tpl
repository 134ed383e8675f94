{{- define "cache.name" -}}
{{ .Release.Name }}-{{ .Values.name }}
{{- end }}

{{- define "cache.labels" -}}
app.kubernetes.io/name: cache
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .Values.name }}
{{- end }}
