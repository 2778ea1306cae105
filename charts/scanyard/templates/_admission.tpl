{{/* Whether policies may be made: they are no namespace's, as this installation may be. */}}
{{- define "scanyard.hasAdmissionPolicies" -}}
{{- if and .Values.admissionPolicies.enabled (not .Values.watchNamespaces) }}true{{ end }}
{{- end }}

{{/*
The API version of MutatingAdmissionPolicy; "" where the cluster serves none. The other kind is in v1
in every cluster that Chart.yaml admits.
*/}}
{{- define "scanyard.mutatingVersion" -}}
{{- if include "scanyard.hasAdmissionPolicies" . }}
{{- $group := "admissionregistration.k8s.io" }}
{{- if .Capabilities.APIVersions.Has (printf "%s/v1/MutatingAdmissionPolicy" $group) }}
{{- printf "%s/v1" $group }}
{{- else if .Capabilities.APIVersions.Has (printf "%s/v1beta1/MutatingAdmissionPolicy" $group) }}
{{- printf "%s/v1beta1" $group }}
{{- end }}
{{- end }}
{{- end }}

{{/* The ScanJobs that people write: not the status, which is the operator's. */}}
{{- define "scanyard.writtenScanJobs" -}}
resourceRules:
  - apiGroups: [scanyard.dev]
    apiVersions: [v1alpha1]
    operations: [CREATE, UPDATE]
    resources: [scanjobs]
{{- end }}

{{/* A binding that holds everywhere: (dict "root" $ "kind" "...Binding" "version" "..." "name" "..."). */}}
{{- define "scanyard.policyBinding" -}}
---
apiVersion: {{ .version }}
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  labels:
    {{- include "scanyard.labels" (dict "root" .root "component" "admission") | nindent 4 }}
spec:
  policyName: {{ .name }}
  {{- if eq .kind "ValidatingAdmissionPolicyBinding" }}
  validationActions: [Deny]
  {{- end }}
{{- end }}
