{{- /* The image of `.Values.image`; a digest wins over a tag. */ -}}
{{- define "edge-common.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "edge-common.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "edge-common.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "edge-common.metadata" (list "" .) | nindent 2 }}
automountServiceAccountToken: false
{{- end }}
