{{- define "upf.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" }}
{{- end }}

{{- define "upf.selectorLabels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "upf.labels" -}}
{{ include "upf.selectorLabels" . }}
app.kubernetes.io/component: user-plane
app.kubernetes.io/part-of: core5g
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "upf.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "upf.name" .) }}
{{- end }}

{{- /* An image reference of (dict "image" IMAGE "root" $); a digest wins over a tag. */ -}}
{{- define "upf.image" -}}
{{- $image := .image -}}
{{- $name := printf "%s/%s" .root.Values.global.imageRegistry $image.repository -}}
{{- if $image.digest -}}
{{ $name }}@{{ $image.digest }}
{{- else -}}
{{ $name }}:{{ $image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- /* The environment variable in which the SR-IOV device plugin hands out PCI addresses. */ -}}
{{- define "upf.pciVariable" -}}
PCIDEVICE_{{ . | upper | replace "." "_" | replace "/" "_" | replace "-" "_" }}
{{- end }}

{{- /* Multus attachments: one a data plane interface, in the order of their names. */ -}}
{{- define "upf.networks" -}}
{{- $attachments := list -}}
{{- range $name, $interface := .Values.dataplane.interfaces -}}
{{- $attachments = append $attachments (dict "name" (printf "%s-%s" (include "upf.name" $) $name) "namespace" $.Release.Namespace "interface" $name) -}}
{{- end -}}
{{- $attachments | toJson -}}
{{- end }}

{{- /* Requests and limits of the packet path; the virtual functions are counted by resource. */ -}}
{{- define "upf.resources" -}}
{{- $plane := .Values.dataplane -}}
{{- $counts := dict -}}
{{- range $plane.interfaces -}}
{{- $_ := set $counts .resourceName (add1 (get $counts .resourceName | default 0 | int)) -}}
{{- end -}}
cpu: {{ $plane.cpus | quote }}
memory: {{ $plane.memory }}
hugepages-{{ $plane.hugepages.size }}: {{ $plane.hugepages.total }}
{{- range $resource, $count := $counts }}
{{ $resource }}: {{ $count | quote }}
{{- end }}
{{- end }}

{{- define "upf.checkCpus" -}}
{{- $wanted := 0 -}}
{{- range .Values.dataplane.lcores }}{{ $wanted = add $wanted . }}{{ end -}}
{{- if gt (int $wanted) (int .Values.dataplane.cpus) -}}
{{- fail (printf "`dataplane.lcores` must not add up to more than `dataplane.cpus` (%d), but is %d" (int .Values.dataplane.cpus) (int $wanted)) -}}
{{- end -}}
{{- end }}
