{{- define "inventory.image" -}}
{{ .Values.image }}:{{ .Chart.AppVersion }}
{{- end }}

{{- /* A Job's pod of (dict "args" LIST "root" $). */ -}}
{{- define "inventory.jobPod" -}}
spec:
  restartPolicy: Never
  containers:
    - name: inventory
      image: {{ include "inventory.image" .root }}
      args: {{ .args | toJson }}
      envFrom:
        - configMapRef: {name: {{ .root.Release.Name }}-database}
{{- end }}
