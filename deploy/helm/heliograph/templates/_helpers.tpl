{{/* SPDX-License-Identifier: Apache-2.0 */}}

{{- define "heliograph.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "heliograph.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "heliograph.labels" -}}
{{ include "heliograph.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "heliograph.image" -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end }}

{{- define "heliograph.bgpPort" -}}
{{- if .Values.network.bgpPort }}{{ int .Values.network.bgpPort }}
{{- else if eq .Values.network.mode "host" }}1790{{ else }}179{{ end -}}
{{- end }}

{{/* Not empty: the values say where BGP is listened for, so the chart's port means nothing. */}}
{{- define "heliograph.listenIsGiven" -}}
{{- if .Values.config.listen }}config{{ end -}}
{{- range .Values.nodes }}{{ if .listen }}node{{ end }}{{ end -}}
{{- end }}

{{/* `listen` as a JSON list: what the configuration says, or the chart's. */}}
{{- define "heliograph.listen" -}}
{{- if .Values.config.listen -}}
{{- toJson .Values.config.listen -}}
{{- else -}}
{{- $port := include "heliograph.bgpPort" . -}}
{{- toJson (list (printf "0.0.0.0:%s" $port) (printf "[::]:%s" $port)) -}}
{{- end -}}
{{- end }}

{{/* The configuration file that all replicas read; nodes change keys of it. */}}
{{- define "heliograph.config" -}}
{{- $set := dict
      "router_id" "${HOST_IP}"
      "listen" (include "heliograph.listen" . | fromJsonArray)
      "http" (printf "${POD_IP}:%d" (int .Values.http.port))
      "state_dir" "/var/lib/heliograph" -}}
{{- if not (hasKey .Values.config "replicas") -}}
{{- /* A headless Service: its name stands for all pods, also those that are not ready. */ -}}
{{- $_ := set $set "replicas" (list (printf "%s-http:%d" (include "heliograph.fullname" .) (int .Values.http.port))) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $set (deepCopy .Values.config)) -}}
{{- end }}

{{/* What no schema can say. */}}
{{- define "heliograph.check" -}}
{{- if eq .Values.config.kafka.brokers "embedded" -}}
{{- fail "\n\nconfig.kafka.brokers: embedded is a broker inside one process, which the other replica and heliofeed do not see. Give the brokers of your Kafka: host:port, separated by commas." -}}
{{- end -}}
{{- if and (eq .Values.network.mode "pod") (not .Values.network.annotations) -}}
{{- fail "\n\nnetwork.mode pod: a pod's address changes with every pod, and ToRs are configured with addresses. Give network.annotations that fix it (Multus: k8s.v1.cni.cncf.io/networks; Calico: cni.projectcalico.org/ipv4pools), or use network.mode host." -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (eq .Values.network.mode "pod") (not .Values.networkPolicy.torCIDRs) -}}
{{- fail "\n\nnetworkPolicy.enabled without networkPolicy.torCIDRs would cut off every ToR. Give the CIDRs of the ToRs' addresses." -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled (not .Values.networkPolicy.kafkaTo) -}}
{{- fail "\n\nnetworkPolicy.enabled without networkPolicy.kafkaTo would cut off Kafka. Give the brokers as NetworkPolicyPeers: [{ipBlock: {cidr: 192.0.2.0/24}}], or by selectors." -}}
{{- end -}}
{{- if and (eq .Values.state.type "claim") (not .Values.state.claim) -}}
{{- fail "\n\nstate.type claim: give the name of an existing ReadWriteMany PersistentVolumeClaim as state.claim." -}}
{{- end -}}
{{- end }}

{{- define "heliograph.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "heliograph.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
