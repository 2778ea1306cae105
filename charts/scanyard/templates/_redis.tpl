{{/* Name of the Secret with the Redis password; empty if there is no password. */}}
{{- define "scanyard.redisSecretName" -}}
{{- if .Values.redis.enabled }}
{{- default (printf "%s-redis" (include "scanyard.fullname" .)) .Values.redis.existingSecret }}
{{- else }}
{{- .Values.externalRedis.existingSecret }}
{{- end }}
{{- end }}

{{- define "scanyard.redisSecretKey" -}}
{{- ternary .Values.redis.existingSecretKey .Values.externalRedis.existingSecretKey .Values.redis.enabled }}
{{- end }}

{{/* True (non-empty) if the set-up makes the password. */}}
{{- define "scanyard.makesRedisSecret" -}}
{{- if and .Values.redis.enabled (not .Values.redis.existingSecret) }}true{{ end }}
{{- end }}

{{/* Behind Sentinels the host is told by them: the URL says only whether TLS, and which database. */}}
{{- define "scanyard.redisUrl" -}}
{{- $external := .Values.externalRedis }}
{{- if .Values.redis.enabled -}}
redis://{{ include "scanyard.fullname" . }}-redis.{{ .Release.Namespace }}.svc:6379/0
{{- else if and $external.sentinel.hosts $external.url -}}
{{- fail "externalRedis.url and externalRedis.sentinel.hosts are two ways to Redis: set one of them" }}
{{- else if and $external.sentinel.hosts $external.cluster -}}
{{- fail "externalRedis.cluster and externalRedis.sentinel.hosts exclude each other: a cluster has no Sentinels" }}
{{- else if $external.sentinel.hosts -}}
{{ ternary "rediss" "redis" $external.sentinel.tls }}:///{{ int $external.sentinel.database }}
{{- else -}}
{{- required "redis.enabled is false: set externalRedis.url, such as redis://redis.example:6379/0, or externalRedis.sentinel.hosts" $external.url }}
{{- end -}}
{{- end }}

{{/* The variables of a Redis that is not ours, beyond its address and password. */}}
{{- define "scanyard.externalRedisEnv" -}}
{{- $external := .Values.externalRedis }}
- name: SCANYARD_REDIS_CLUSTER
  value: {{ $external.cluster | quote }}
{{- with $external.username }}
- name: SCANYARD_REDIS_USERNAME
  value: {{ . | quote }}
{{- end }}
{{- if $external.tls.caSecret }}
- name: SCANYARD_REDIS_CA_FILE
  value: {{ include "scanyard.redisTlsFolder" . }}/ca.crt
{{- end }}
{{- if $external.tls.certificateSecret }}
- name: SCANYARD_REDIS_CERT_FILE
  value: {{ include "scanyard.redisTlsFolder" . }}/tls.crt
- name: SCANYARD_REDIS_KEY_FILE
  value: {{ include "scanyard.redisTlsFolder" . }}/tls.key
{{- end }}
{{- with $external.sentinel }}
{{- if .hosts }}
- name: SCANYARD_REDIS_SENTINELS
  value: {{ join "," .hosts | quote }}
- name: SCANYARD_REDIS_SENTINEL_MASTER
  value: {{ .masterName | quote }}
{{- with .username }}
- name: SCANYARD_REDIS_SENTINEL_USERNAME
  value: {{ . | quote }}
{{- end }}
{{- if .existingSecret }}
- name: SCANYARD_REDIS_SENTINEL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret }}
      key: {{ .existingSecretKey }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "scanyard.redisTlsFolder" -}}
/etc/scanyard/redis-tls
{{- end }}

{{/* The Secrets in that folder, as sources of a projected volume; empty if there are none. */}}
{{- define "scanyard.redisTlsSources" -}}
{{- $tls := .Values.externalRedis.tls }}
{{- if and (not .Values.redis.enabled) (or $tls.caSecret $tls.certificateSecret) }}
{{- if not (hasPrefix "rediss:" (include "scanyard.redisUrl" .)) }}
{{- fail "externalRedis.tls is set, but Redis is not asked for TLS: begin externalRedis.url with rediss://, or set externalRedis.sentinel.tls" }}
{{- end }}
{{- with $tls.caSecret }}
- secret:
    name: {{ . }}
    items:
      - {key: {{ $tls.caSecretKey | quote }}, path: ca.crt}
{{- end }}
{{- with $tls.certificateSecret }}
- secret:
    name: {{ . }}
    items:
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
{{- end }}
{{- end }}
{{- end }}
