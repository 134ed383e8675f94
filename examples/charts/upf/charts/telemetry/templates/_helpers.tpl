{{- define "telemetry.name" -}}
{{ .Release.Name }}-{{ .Chart.Name }}
{{- end }}

{{- define "telemetry.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "telemetry.labels" -}}
{{ include "telemetry.selectorLabels" . }}
app.kubernetes.io/component: metrics
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
