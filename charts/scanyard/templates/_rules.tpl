{{- /*
Recording rules and alerts, as Prometheus reads them: for the PrometheusRule, and for the plain file
rules/scanyard.yaml. Series of several operator Pods are put together by namespace, that
of the operator, so that several installations may share a Prometheus; one of which nothing is
left to be seen is asked for by its own.
*/}}
{{- define "scanyard.rules" -}}
{{- $for := .Values.alerts.for }}
{{- $limit := .Values.alerts.thresholds }}
groups:
  - name: scanyard.records
    rules:
      - record: scanyard:queue_utilisation:ratio
        expr: |
          sum by (namespace, queue_namespace, queue) (scanyard_queue_running)
          / (sum by (namespace, queue_namespace, queue) (scanyard_queue_limit) > 0)
      - record: scanyard:scans_finished:increase1h
        expr: |
          sum by (namespace, queue_namespace, queue) (
            increase(scanyard_scans_finished_total{phase!="Cancelled"}[1h])
          )
      - record: scanyard:scans_failed:ratio1h
        expr: |
          sum by (namespace, queue_namespace, queue) (
            increase(scanyard_scans_finished_total{phase="Failed"}[1h])
          ) / (scanyard:scans_finished:increase1h > 0)
      - record: scanyard:scans_timed_out:ratio1h
        expr: |
          sum by (namespace, queue_namespace, queue) (
            increase(scanyard_scans_finished_total{phase="TimedOut"}[1h])
          ) / (scanyard:scans_finished:increase1h > 0)
      - record: scanyard:waits_within_target:ratio1d
        expr: |
          (
            sum by (namespace, queue_namespace, queue) (
              increase(scanyard_target_waits_total{within="true"}[1d])
            )
            or 0 * sum by (namespace, queue_namespace, queue) (increase(scanyard_target_waits_total[1d]))
          ) / (sum by (namespace, queue_namespace, queue) (increase(scanyard_target_waits_total[1d])) > 0)
      - record: scanyard:scan_wait_seconds:p95_1h
        expr: |
          histogram_quantile(
            0.95,
            sum by (namespace, queue_namespace, queue, le) (increase(scanyard_scan_wait_seconds_bucket[1h]))
          )
  - name: scanyard.alerts
    rules:
      {{- $queue := "queue {{ $labels.queue_namespace }}/{{ $labels.queue }}" }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardNoLeader" "severity" "critical" "for" $for.noLeader
            "expr" "max by (namespace) (scanyard_leader) == 0"
            "summary" "No operator leads: no scan starts, and no end is noticed.") | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardDown" "severity" "critical" "for" $for.down
            "expr" (printf "absent(scanyard_leader{namespace=%q})" .Release.Namespace)
            "summary" "No operator is seen by Prometheus at all.") | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardLedgerUnavailable" "severity" "critical" "for" $for.ledgerUnavailable
            "expr" "max by (namespace) (scanyard_ledger_available) == 0 and on (namespace) max by (namespace) (scanyard_leader) == 1"
            "summary" "Redis is away, or does not do what it must: no scan starts. What runs goes on.") | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardQueueStuck" "severity" "critical" "for" $for.queueStuck
            "expr" (include "scanyard.queueStuck" .)
            "summary" (printf "ScanJobs wait in %s for nothing but a slot, slots are free, and none is admitted." $queue)) | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardWaitOverTarget" "severity" "warning" "for" $for.waitOverTarget
            "expr" "max by (namespace, queue_namespace, queue) (scanyard_queue_oldest_wait_seconds)\n> (max by (namespace, queue_namespace, queue) (scanyard_queue_target_wait_seconds) > 0)\nunless (max by (namespace, queue_namespace, queue) (scanyard_queue_held) == 1)"
            "summary" (printf "A ScanJob in %s waits longer than the queue's targetWaitSeconds: {{ $value | humanizeDuration }}." $queue)) | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardScansFail" "severity" "warning" "for" $for.scansFail
            "expr" (printf "scanyard:scans_failed:ratio1h > %v and scanyard:scans_finished:increase1h >= %v" $limit.failedRatio $limit.leastFinished)
            "summary" (printf "{{ $value | humanizePercentage }} of the scans of %s failed within an hour." $queue)) | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardScansTimeOut" "severity" "warning" "for" $for.scansTimeOut
            "expr" (printf "scanyard:scans_timed_out:ratio1h > %v and scanyard:scans_finished:increase1h >= %v" $limit.timedOutRatio $limit.leastFinished)
            "summary" (printf "{{ $value | humanizePercentage }} of the scans of %s came to their timeout within an hour." $queue)) | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardPodsDoNotStart" "severity" "warning" "for" $for.podsDoNotStart
            "expr" (include "scanyard.podsDoNotStart" .)
            "summary" (printf "Pods of %s are refused, or do not start." $queue)) | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardSlotsUnconfirmed" "severity" "warning" "for" $for.slotsUnconfirmed
            "expr" "max by (namespace, queue_namespace, queue) (scanyard_queue_unconfirmed_slots) > 0"
            "summary" (printf "{{ $value }} slots of %s are held for scans of which nobody knows whether they still run." $queue)) | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardWatchStale" "severity" "critical" "for" $for.watchStale
            "expr" (printf "max by (namespace, resource) (scanyard_watch_lag_seconds) > %v" $limit.watchLagSeconds)
            "summary" "The operator's watch of {{ $labels.resource }} has told nothing of its own writes for {{ $value | humanizeDuration }}.") | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardLimitExceeded" "severity" "critical" "for" $for.limitExceeded
            "expr" "sum by (namespace, queue_namespace, queue) (increase(scanyard_limit_exceeded_total[1h])) > 0"
            "summary" (printf "More scans of %s ran at once than it allows. This must never happen." $queue)) | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardReconcileErrors" "severity" "warning" "for" $for.reconcileErrors
            "expr" (printf "sum by (namespace, error) (increase(scanyard_reconcile_errors_total[%s])) > %v" $limit.errorsWindow $limit.reconcileErrors)
            "summary" "The operator cannot do what it must, again and again: {{ $labels.error }}.") | nindent 6 }}
      {{- include "scanyard.alert" (dict "root" . "name" "ScanyardRedisCertificateEnds" "severity" "warning" "for" $for.redisCertificateEnds
            "expr" (printf "(max by (namespace) (scanyard_redis_certificate_expiry_timestamp_seconds) > 0) - time() < %v * 86400" $limit.certificateDays)
            "summary" "The certificate of Redis ends in {{ $value | humanizeDuration }}; then no scan starts.") | nindent 6 }}
{{- end }}

{{- define "scanyard.queueStuck" -}}
(
  sum by (namespace, queue_namespace, queue) (scanyard_queue_eligible) > 0
  and sum by (namespace, queue_namespace, queue) (scanyard_queue_running)
    < sum by (namespace, queue_namespace, queue) (scanyard_queue_limit)
  unless max by (namespace, queue_namespace, queue) (scanyard_queue_held) == 1
  unless sum by (namespace, queue_namespace, queue) (increase(scanyard_admissions_total[{{ .Values.alerts.thresholds.stuckWindow }}])) > 0
)
unless on (namespace) (
  sum by (namespace) (scanyard_queue_running) >= (max by (namespace) (scanyard_installation_limit) > 0)
)
{{- end }}

{{- /* A series that is new has had no increase yet. */}}
{{- define "scanyard.podsDoNotStart" -}}
{{- $window := .Values.alerts.thresholds.startWindow -}}
sum by (namespace, queue_namespace, queue) (
  increase(scanyard_start_refusals_total[{{ $window }}]) > 0
  or scanyard_start_refusals_total unless scanyard_start_refusals_total offset {{ $window }}
  or increase(scanyard_attempts_ended_total{reason=~"ImagePull|StartFailed|StartDeadline"}[{{ $window }}]) > 0
  or scanyard_attempts_ended_total{reason=~"ImagePull|StartFailed|StartDeadline"}
    unless scanyard_attempts_ended_total offset {{ $window }}
) > 0
{{- end }}

{{- /* One alert: root, name, severity, for, expr, summary. */}}
{{- define "scanyard.alert" -}}
{{- $alerts := .root.Values.alerts }}
- alert: {{ .name }}
  expr: |
    {{- .expr | nindent 4 }}
  for: {{ .for }}
  labels:
    severity: {{ .severity }}
    {{- with $alerts.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    summary: {{ .summary | quote }}
    {{- if $alerts.runbookUrl }}
    runbook_url: {{ printf "%s/%s.md" (trimSuffix "/" $alerts.runbookUrl) .name | quote }}
    {{- end }}
{{- end }}
