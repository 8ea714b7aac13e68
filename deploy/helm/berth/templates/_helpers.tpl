{{- define "berth.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "berth.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "berth.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "berth.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "berth.selectorLabels" -}}
app.kubernetes.io/name: {{ include "berth.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "berth.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "berth.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "berth.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "berth.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "berth.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "berth.adminSecret" -}}
{{ .Values.admin.existingSecret | default (printf "%s-admin" (include "berth.fullname" .)) }}
{{- end }}

{{- define "berth.claim" -}}
{{ .Values.persistence.existingClaim | default (include "berth.fullname" .) }}
{{- end }}

{{/* "yes" when something lies on a volume, and so when there is one replica. */}}
{{- define "berth.hasVolume" -}}
{{- if or (eq .Values.database.kind "sqlite") (eq .Values.storage.kind "folder") }}yes{{ end }}
{{- end }}

{{- define "berth.hasManyReplicas" -}}
{{- if .Values.autoscaling.enabled }}
{{- if gt (int .Values.autoscaling.maxReplicas) 1 }}yes{{ end }}
{{- else if gt (int .Values.replicaCount) 1 }}yes{{ end }}
{{- end }}

{{- define "berth.servicePort" -}}
{{ .Values.service.port | default (ternary 443 80 (ne .Values.tls.existingSecret "")) }}
{{- end }}

{{/* Values that contradict each other are refused with a sentence. */}}
{{- define "berth.validate" -}}
{{- if and (include "berth.hasVolume" .) (include "berth.hasManyReplicas" .) }}
{{- $kept := ternary "the metadata are in SQLite, a file that one process has" "the bytes are in a folder on one volume" (eq .Values.database.kind "sqlite") }}
{{- fail (printf "\n\nOne replica only: %s. For more, set database.kind=postgresql and storage.kind=s3 (berth docs kubernetes)." $kept) }}
{{- end }}
{{- if and (eq .Values.database.kind "postgresql") (not .Values.database.postgresql.existingSecret) }}
{{- fail "\n\ndatabase.kind is postgresql: name the Secret with its address in database.postgresql.existingSecret." }}
{{- end }}
{{- if and (not (include "berth.hasVolume" .)) (not .Values.secrets.existingSecret) (not (hasKey (default dict .Values.config.secrets) "key_command")) }}
{{- fail "\n\nWith PostgreSQL and S3 no volume keeps the outer key of the secrets: make one (berth secrets new-key) and name its Secret in secrets.existingSecret." }}
{{- end }}
{{- if and (eq .Values.storage.kind "s3") (not .Values.storage.s3.bucket) }}
{{- fail "\n\nstorage.kind is s3: name the bucket in storage.s3.bucket. It must exist." }}
{{- end }}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) }}
{{- fail "\n\nautoscaling.minReplicas is more than autoscaling.maxReplicas." }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "\n\ningress.enabled without a name: give one in ingress.hosts." }}
{{- end }}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) }}
{{- fail "\n\ngateway.enabled without a gateway: name it in gateway.parentRefs." }}
{{- end }}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.enabled) }}
{{- fail "\n\nmetrics.serviceMonitor.enabled without metrics: set metrics.enabled." }}
{{- end }}
{{- $config := .Values.config }}
{{- if hasKey $config "admin_password" }}
{{- fail "\n\nconfig.admin_password would lie open in a ConfigMap: use admin.existingSecret." }}
{{- end }}
{{- range $key := list "data_folder" "http" "https" "storage" }}
{{- if hasKey $config $key }}
{{- fail (printf "\n\nconfig.%s is decided by the chart: ports, certificates and volumes have values of their own." $key) }}
{{- end }}
{{- end }}
{{- if hasKey (default dict $config.metrics) "token" }}
{{- fail "\n\nconfig.metrics.token would lie open in a ConfigMap: use metrics.tokenSecret." }}
{{- end }}
{{- if hasKey (default dict $config.secrets) "key" }}
{{- fail "\n\nconfig.secrets.key would lie open in a ConfigMap: use secrets.existingSecret." }}
{{- end }}
{{- if hasKey (default dict $config.database) "url" }}
{{- fail "\n\nconfig.database.url would lie open in a ConfigMap: use database.postgresql.existingSecret." }}
{{- end }}
{{- if or (hasKey (default dict $config.s3) "access_key") (hasKey (default dict $config.s3) "secret_key") }}
{{- fail "\n\nconfig.s3 with keys would lie open in a ConfigMap: use storage.s3.existingSecret." }}
{{- end }}
{{- end }}

{{/* berth.yml: what the chart's values say, with `config` over it. */}}
{{- define "berth.config" -}}
{{- $config := dict "drain_timeout" (printf "%ds" (int .Values.drainTimeoutSeconds)) }}
{{- with .Values.externalUrl }}{{ $_ := set $config "external_url" . }}{{ end }}
{{- with .Values.trustedProxies }}{{ $_ := set $config "trusted_proxies" . }}{{ end }}
{{- if .Values.tls.existingSecret }}
{{- $_ := set $config "https" (dict "port" 8443 "certificate" "/etc/berth/tls/tls.crt" "private_key" "/etc/berth/tls/tls.key") }}
{{- else }}
{{- $_ := set $config "http" (dict "port" 8080) }}
{{- end }}
{{- if .Values.metrics.enabled }}
{{- $_ := set $config "metrics" (dict "enabled" true "host" "0.0.0.0" "port" (int .Values.metrics.port)) }}
{{- else }}
{{- $_ := set $config "metrics" (dict "enabled" false) }}
{{- end }}
{{- if eq .Values.database.kind "postgresql" }}
{{- $_ := set $config "database" (dict "max_connections" (int .Values.database.postgresql.maxConnections)) }}
{{- end }}
{{- if eq .Values.storage.kind "s3" }}
{{- $s3 := .Values.storage.s3 }}
{{- $bucket := dict "bucket" $s3.bucket "region" $s3.region "redirect" $s3.redirect "redirect_min_size" $s3.redirectMinSize "encryption" $s3.encryption }}
{{- with $s3.provider }}{{ $_ := set $bucket "provider" . }}{{ end }}
{{- if kindIs "bool" $s3.checksums }}{{ $_ := set $bucket "checksums" $s3.checksums }}{{ end }}
{{- with $s3.prefix }}{{ $_ := set $bucket "prefix" . }}{{ end }}
{{- with $s3.endpoint }}{{ $_ := set $bucket "endpoint" . }}{{ end }}
{{- with $s3.kmsKey }}{{ $_ := set $bucket "kms_key" . }}{{ end }}
{{- if kindIs "bool" $s3.pathStyle }}{{ $_ := set $bucket "path_style" $s3.pathStyle }}{{ end }}
{{- if $s3.caSecret }}{{ $_ := set $bucket "ca_file" "/etc/berth/s3/ca.crt" }}{{ end }}
{{- $_ := set $config "s3" $bucket }}
{{- end }}
{{- mergeOverwrite $config (deepCopy .Values.config) | toYaml }}
{{- end }}
