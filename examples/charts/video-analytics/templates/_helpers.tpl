{{- define "video-analytics.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- /* Labels of (dict "part" NAME "root" $). */ -}}
{{- define "video-analytics.selectorLabels" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "video-analytics.labels" -}}
{{ include "video-analytics.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- /* An image reference of (dict "image" IMAGE "root" $); a digest wins over a tag. */ -}}
{{- define "video-analytics.image" -}}
{{- $name := printf "%s/%s" .root.Values.global.imageRegistry .image.repository -}}
{{- if .image.digest -}}
{{ $name }}@{{ .image.digest }}
{{- else -}}
{{ $name }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "video-analytics.environment" -}}
- name: PIPELINE_CONFIG
  value: /etc/analytics/pipeline.yaml
- name: CACHE_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .Release.Name }}-credentials
      key: cache-password
{{- end }}

{{- define "video-analytics.configVolume" -}}
- name: pipeline
  configMap:
    name: {{ include "video-analytics.name" . }}-pipeline
{{- end }}

{{- /* Annotations that roll a pod when what it has read at its start changes. */ -}}
{{- define "video-analytics.checksums" -}}
checksum/pipeline: {{ include (print $.Template.BasePath "/configmap.yaml") . | sha256sum }}
checksum/secret: {{ include (print $.Template.BasePath "/secret.yaml") . | sha256sum }}
{{- end }}
