{{- define "edge-common.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" }}
{{- end }}

{{- define "edge-common.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "edge-common.labels" -}}
{{ include "edge-common.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* Name and labels of (list SUFFIX ROOT). */ -}}
{{- define "edge-common.metadata" -}}
{{- $suffix := index . 0 -}}
{{- $root := index . 1 -}}
name: {{ include "edge-common.name" $root }}{{ with $suffix }}-{{ . }}{{ end }}
labels:
  {{- include "edge-common.labels" $root | nindent 2 }}
{{- end }}
