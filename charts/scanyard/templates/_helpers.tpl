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

{{/* Labels of an object: (dict "root" $ "component" "operator"). */}}
{{- define "scanyard.labels" -}}
{{ include "scanyard.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of a Pod: without the chart's version, which would restart Redis for nothing. */}}
{{- define "scanyard.podLabels" -}}
{{ include "scanyard.selectorLabels" . }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
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

{{/* Where a Pod of this chart runs. */}}
{{- define "scanyard.scheduling" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
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
The Pod template of a set-up Job:
(dict "root" $ "component" "setup-queues" "args" (list ...) "mounts" (list ...) "volumes" (list ...)).
*/}}
{{- define "scanyard.setupJobSpec" -}}
backoffLimit: 2
activeDeadlineSeconds: 300
template:
  metadata:
    labels:
      {{- include "scanyard.podLabels" . | nindent 6 }}
  spec:
    restartPolicy: Never
    serviceAccountName: {{ include "scanyard.fullname" .root }}-{{ .component }}
    automountServiceAccountToken: true
    enableServiceLinks: false
    securityContext:
      {{- include "scanyard.podSecurityContext" .root | nindent 6 }}
    {{- include "scanyard.scheduling" .root | nindent 4 }}
    containers:
      - name: {{ .component }}
        image: {{ include "scanyard.image" (dict "root" .root "image" .root.Values.image) }}
        imagePullPolicy: {{ .root.Values.image.pullPolicy }}
        args:
          {{- toYaml .args | nindent 10 }}
        resources:
          requests:
            cpu: 50m
            memory: 64Mi
          limits:
            memory: 256Mi
        securityContext:
          {{- include "scanyard.containerSecurityContext" .root | nindent 10 }}
        {{- with .mounts }}
        volumeMounts:
          {{- toYaml . | nindent 10 }}
        {{- end }}
    {{- with .volumes }}
    volumes:
      {{- toYaml . | nindent 6 }}
    {{- end }}
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
