{{/* What the operator does in each namespace that it watches. */}}
{{- define "scanyard.operatorRules" -}}
# Finished ScanJobs are deleted when their ttlSecondsAfterFinished is over.
- apiGroups: [scanyard.dev]
  resources: [scanjobs]
  verbs: [get, list, watch, delete]
- apiGroups: [scanyard.dev]
  resources: [scanqueues]
  verbs: [get, list, watch]
- apiGroups: [scanyard.dev]
  resources: [scanjobs/status, scanqueues/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, create, delete]
# Progress is read from the end of a scan's log.
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- if .Values.scanner.networkPolicyPerQueue }}
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [list, create, patch]
{{- end }}
{{- end }}

{{/* What is no namespace's. */}}
{{- define "scanyard.clusterRules" -}}
# Is the node of a lost Pod still Ready? Decides when its slot is free.
- apiGroups: [""]
  resources: [nodes]
  verbs: [get]
# Their labels decide which queues take ScanJobs of them (allowedNamespaces of a queue).
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
# The Service ranges, which no scan may touch.
- apiGroups: [networking.k8s.io]
  resources: [servicecidrs]
  verbs: [list]
# Is an installation for single namespaces alive? It is looked for by this name.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [scanyard]
  verbs: [list]
{{- end }}

{{/* What a candidate for leadership does in the namespace of the Lease. */}}
{{- define "scanyard.leaseRules" -}}
# "create" cannot be restricted to a name.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [scanyard]
  verbs: [get, update]
{{- end }}

{{/* What an installation for single namespaces reads of one for all of them. */}}
{{- define "scanyard.clusterLeaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [scanyard]
  verbs: [get]
{{- end }}

{{/*
A role and its binding to the operator, with exactly the verbs that it uses:
(dict "root" $ "kind" "Role" "name" "..." "namespace" "..." "rules" (list "texts" ...)).
*/}}
{{- define "scanyard.boundRole" -}}
{{- $labels := dict "root" .root "component" "operator" -}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "scanyard.labels" $labels | nindent 4 }}
rules:
  {{- range .rules }}
  {{- . | nindent 2 }}
  {{- end }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "scanyard.labels" $labels | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "scanyard.serviceAccountName" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
