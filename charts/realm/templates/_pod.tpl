{{- define "realm.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "realm.security" -}}
runAsNonRoot: true
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/*
Common part of both jobs. Volumes are last, so that each job can append its own. The trust store is in
Java's format. It holds certificates only, so its password is not secret.
*/}}
{{- define "realm.pod" -}}
restartPolicy: Never
serviceAccountName: {{ .Release.Name }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  seccompProfile: {type: RuntimeDefault}
initContainers:
  - name: trust
    image: {{ .Values.configImage | quote }}
    command: [keytool, -importcert, -noprompt, -alias, authority, -file, /etc/authority/ca.crt, -storetype, PKCS12, -storepass, changeit, -keystore, /tmp/trust.p12]
    resources:
      requests: {cpu: 50m, memory: 128Mi}
      limits: {memory: 256Mi}
    securityContext:
      {{- include "realm.security" . | nindent 6 }}
    volumeMounts:
      - {name: authority, mountPath: /etc/authority, readOnly: true}
      - {name: work, mountPath: /tmp}
volumes:
  - name: authority
    secret:
      secretName: {{ .Values.authoritySecret }}
      items: [{key: ca.crt, path: ca.crt}]
  - name: work
    emptyDir: {sizeLimit: 256Mi}
{{- end -}}

{{/* Pod that applies the realms. Arguments: context of the chart, and suffix of the ConfigMap's name. */}}
{{- define "realm.import" -}}
{{- $input := index . 1 }}
{{- $values := (index . 0).Values }}
{{- with index . 0 }}
{{- include "realm.pod" . }}
  - name: realms
    configMap:
      name: {{ .Release.Name }}-{{ $input }}
containers:
  - name: import
    image: {{ .Values.configImage | quote }}
    command: [java, -XX:MaxRAMPercentage=60, -Djavax.net.ssl.trustStore=/tmp/trust.p12, -Djavax.net.ssl.trustStorePassword=changeit, -jar, /app/keycloak-config-cli.jar]
    env:
      - {name: KEYCLOAK_URL, value: {{ .Values.url | quote }}}
      - {name: KEYCLOAK_LOGINREALM, value: master}
      - {name: KEYCLOAK_GRANTTYPE, value: client_credentials}
      - name: KEYCLOAK_CLIENTID
        valueFrom:
          secretKeyRef: {name: {{ .Values.accountSecret }}, key: {{ .Values.accountIdKey }}}
      - name: KEYCLOAK_CLIENTSECRET
        valueFrom:
          secretKeyRef: {name: {{ .Values.accountSecret }}, key: {{ .Values.accountSecretKey }}}
      - {name: KEYCLOAK_AVAILABILITYCHECK_ENABLED, value: "true"}
      - {name: KEYCLOAK_AVAILABILITYCHECK_TIMEOUT, value: 300s}
      - {name: IMPORT_FILES_LOCATIONS, value: "{{ range $index, $file := keys .Values.realms | sortAlpha }}{{ if $index }},{{ end }}/config/{{ $file }}{{ end }}"}
      - {name: IMPORT_VARSUBSTITUTION_ENABLED, value: "true"}
      - {name: IMPORT_VARSUBSTITUTION_NESTED, value: "false"}
      # No cache: a secret may change without a change of the file, and changes by hand are
      # reverted.
      - {name: IMPORT_CACHE_ENABLED, value: "false"}
      # The import deletes nothing, also nothing that it did not create.
      {{- range $kind := list "AUTHENTICATIONFLOW" "CLIENT" "CLIENTAUTHORIZATIONPOLICIES" "CLIENTAUTHORIZATIONRESOURCES" "CLIENTAUTHORIZATIONSCOPES" "CLIENTSCOPE" "CLIENTSCOPEMAPPING" "COMPONENT" "GROUP" "IDENTITYPROVIDER" "IDENTITYPROVIDERMAPPER" "MESSAGEBUNDLES" "REQUIREDACTION" "ROLE" "SCOPEMAPPING" "SUBCOMPONENT" "WORKFLOW" }}
      - {name: IMPORT_MANAGED_{{ $kind }}, value: no-delete}
      {{- end }}
      {{- range $variable, $key := .Values.variables }}
      - name: {{ $variable }}
        valueFrom:
          secretKeyRef: {name: {{ $values.accountSecret }}, key: {{ $key }}}
      {{- end }}
    resources:
      requests: {cpu: 100m, memory: 512Mi}
      limits: {memory: 768Mi}
    securityContext:
      {{- include "realm.security" . | nindent 6 }}
    volumeMounts:
      - {name: realms, mountPath: /config, readOnly: true}
      - {name: work, mountPath: /tmp}
{{- end }}
{{- end -}}
