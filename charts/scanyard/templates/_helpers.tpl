{{/* The chart's name, cut so that it fits a label. */}}
{{- define "scanyard.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Base of all object names; 40 characters leave room for suffixes and Pod names. */}}
{{- define "scanyard.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- $name := include "scanyard.name" . }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{/* Labels that select the Pods of a component: (dict "root" $ "component" "operator"). */}}
{{- define "scanyard.selectorLabels" -}}
app.kubernetes.io/name: {{ include "scanyard.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/*
Labels of an object: (dict "root" $ "component" "operator"), with "more" for those that values give to such
objects alone. No key may stand twice: what is nearer to the object wins.
*/}}
{{- define "scanyard.labels" -}}
{{- $own := include "scanyard.selectorLabels" . | fromYaml }}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion }}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service }}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63) }}
{{- toYaml (merge (deepCopy (.more | default dict)) $own .root.Values.commonLabels) }}
{{- end }}

{{/*
The same of a Pod: without the chart's version, which would restart Redis for nothing. By what selects the
Pod it is found, whatever the values say.
*/}}
{{- define "scanyard.podLabels" -}}
{{- $own := include "scanyard.selectorLabels" . | fromYaml }}
{{- toYaml (merge $own (.more | default dict) .root.Values.commonLabels) }}
{{- end }}

{{/* An image reference: (dict "root" $ "image" .Values.image). */}}
{{- define "scanyard.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "scanyard.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "scanyard.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.create is false: set serviceAccount.name to the account to use" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* What Pod Security "restricted" asks of a Pod; uid 10001 is the user of our images. */}}
{{- define "scanyard.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "scanyard.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/*
Where a Pod of this chart runs. Its priority is not here: what runs once, for set-up or a test, is to drive
nothing out.
*/}}
{{- define "scanyard.scheduling" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
Annotations of a hook: (dict "events" "pre-install,pre-upgrade" "weight" "-10").
What a hook made goes when all hooks of the event have succeeded; what a failed one left stays to
be looked at and is replaced by the next try.
*/}}
{{- define "scanyard.hookAnnotations" -}}
helm.sh/hook: {{ .events }}
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/*
A Pod that runs one of the operator image's commands:
(dict "root" $ "component" "setup-queues" "args" (list ...) "env" (list ...) "mounts" (list ...) "volumes" (list ...)).
*/}}
{{- define "scanyard.commandPodSpec" -}}
restartPolicy: Never
serviceAccountName: {{ include "scanyard.fullname" .root }}-{{ .component }}
automountServiceAccountToken: true
enableServiceLinks: false
securityContext:
  {{- include "scanyard.podSecurityContext" .root | nindent 2 }}
{{- include "scanyard.scheduling" .root }}
containers:
  - name: {{ .component }}
    image: {{ include "scanyard.image" (dict "root" .root "image" .root.Values.image) }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args:
      {{- toYaml .args | nindent 6 }}
    {{- with .env }}
    env:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    resources:
      requests:
        cpu: 50m
        memory: 64Mi
      limits:
        memory: 256Mi
    securityContext:
      {{- include "scanyard.containerSecurityContext" .root | nindent 6 }}
    {{- with .mounts }}
    volumeMounts:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- with .volumes }}
volumes:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A set-up Job's spec, of the same. */}}
{{- define "scanyard.setupJobSpec" -}}
backoffLimit: 2
activeDeadlineSeconds: 300
template:
  metadata:
    labels:
      {{- include "scanyard.podLabels" . | nindent 6 }}
  spec:
    {{- include "scanyard.commandPodSpec" . | nindent 4 }}
{{- end }}

{{/*
The list for `scanyard setup-queues`: every queue with its namespace. One that names none is made
in the release's namespace, or in each that is watched.
*/}}
{{- define "scanyard.queues" -}}
{{- $watched := .Values.watchNamespaces }}
{{- $queues := list }}
{{- range .Values.queues }}
{{- $queue := . }}
{{- if and .namespace $watched (not (has .namespace $watched)) }}
{{- fail (printf "queues: %s is to be made in namespace %s, which watchNamespaces does not list: nothing would ever run there" .name .namespace) }}
{{- end }}
{{- $namespaces := default (list $.Release.Namespace) $watched }}
{{- if .namespace }}{{ $namespaces = list .namespace }}{{ end }}
{{- range $namespaces }}
{{- $queues = append $queues (merge (dict "namespace" .) $queue) }}
{{- end }}
{{- end }}
{{- toYaml $queues }}
{{- end }}

{{/* Peers and ports of a NetworkPolicy from lists; empty without addresses. */}}
{{- define "scanyard.ipBlocks" -}}
{{- range . }}
- ipBlock: {cidr: {{ . | quote }}}
{{- end }}
{{- end }}

{{- define "scanyard.tcpPorts" -}}
{{- range . }}
- port: {{ int . }}
{{- end }}
{{- end }}

{{/* A rule of a NetworkPolicy's `egress`. */}}
{{- define "scanyard.egressToApiServer" -}}
{{- $apiServer := .Values.networkPolicy.egress.apiServer -}}
to:
  {{- required "networkPolicy.egress.enabled: set networkPolicy.egress.apiServer.cidrs to the API server's addresses, such as [10.0.0.10/32]" (include "scanyard.ipBlocks" $apiServer.cidrs | trim) | nindent 2 }}
ports:
  {{- include "scanyard.tcpPorts" $apiServer.ports | trim | nindent 2 }}
{{- end }}

{{/* Where `helm test` has its ScanJob: where the operator works, and queues are the release's. */}}
{{- define "scanyard.testNamespace" -}}
{{- if .Values.watchNamespaces }}{{ first .Values.watchNamespaces }}{{ else }}{{ .Release.Namespace }}{{ end }}
{{- end }}
