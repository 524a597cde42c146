package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

// refusal is a stack that is right but for one thing.
type refusal struct {
	stack   string // default dev
	config  map[string]string
	secrets map[string]string
	change  func(t *testing.T, root string) // of the project's folder
	says    []string
}

var refusals = map[string]refusal{
	"unknown key":              {config: map[string]string{"todo:expsure": "localhost"}, says: []string{"expsure: unknown key", "did you mean exposure?", "pulumi config rm -s dev expsure"}},
	"unknown key like nothing": {config: map[string]string{"todo:xyzzyplugh": "1"}, says: []string{"xyzzyplugh: unknown key", "allowed: namespace, "}},
	"namespace":                {config: map[string]string{"todo:namespace": "Todo_Dev"}, says: []string{`namespace: "Todo_Dev"`, "pulumi config set -s dev namespace todo-dev"}},
	"boolean":                  {config: map[string]string{"todo:production": "yes please"}, says: []string{`production: "yes please"`, "allowed: true, false"}},
	"network policies":         {config: map[string]string{"todo:networkPolicies": "strict"}, says: []string{`networkPolicies: "strict"`, "allowed: true, false", "pulumi config set -s dev networkPolicies true"}},
	"domain without its use":   {config: map[string]string{"todo:domain": "todo.your-company.com"}, says: []string{"domain: set", "exposure is localhost", "pulumi config rm -s dev domain"}},
	"domain with scheme":       {stack: "prod", config: map[string]string{"todo:domain": "https://todo.your-company.com"}, says: []string{`domain: "https://`, "without scheme"}},
	"domain wildcard":          {stack: "prod", config: map[string]string{"todo:domain": "*.your-company.com"}, says: []string{`domain: "*.your-company.com"`}},
	"platform":                 {config: map[string]string{"todo:platform": "windows/amd64"}, says: []string{"platform: ", "linux/amd64, linux/arm64"}},
	"log level":                {config: map[string]string{"todo:LOG_LEVEL": "info"}, says: []string{`LOG_LEVEL: "info"`, "pulumi config set -s dev LOG_LEVEL INFO"}},
	"registry with scheme":     {config: map[string]string{"todo:registry": "https://registry.your-company.com"}, says: []string{"registry: ", "without scheme"}},
	"placeholder registry":     {stack: "prod", config: map[string]string{"todo:registry": "registry.example.com"}, says: []string{"registry: ", "a placeholder"}},
	"OpenAI base URL":          {config: map[string]string{"todo:OPENAI_BASE_URL": "api.openai.com"}, says: []string{"OPENAI_BASE_URL: "}},
	"OpenAI port":              {config: map[string]string{"todo:OPENAI_BASE_URL": "https://llm.your-company.com:70000/v1"}, says: []string{"OPENAI_BASE_URL: ", "1 to 65535"}},
	"OpenAI over http in prod": {stack: "prod", config: map[string]string{"todo:OPENAI_BASE_URL": "http://llm.your-company.com"}, says: []string{"OPENAI_BASE_URL: ", "http only outside production"}},

	"rollout timeout as text": {
		config: map[string]string{"todo:rolloutTimeoutSeconds": "5m"},
		says:   []string{`rolloutTimeoutSeconds: "5m"`, "a whole number", "pulumi config set -s dev rolloutTimeoutSeconds 900"},
	},
	"rollout timeout too short": {config: map[string]string{"todo:rolloutTimeoutSeconds": "30"}, says: []string{"rolloutTimeoutSeconds: 30", "60 to 3600"}},
	"images not an object":      {config: map[string]string{"todo:images": "backend"}, says: []string{"images: neither an object", "it must be an object"}},
	"images of no service":      {config: map[string]string{"todo:images": `{"backnd":"a:b"}`}, says: []string{"images.backnd: no such service", "did you mean backend?"}},
	"images malformed":          {config: map[string]string{"todo:images": `{"backend":"Not A Reference"}`}, says: []string{"images.backend: "}},
	"latest in prod":            {stack: "prod", config: map[string]string{"todo:images": `{"backend":"your-company/backend:latest"}`}, says: []string{"images.backend: ", ":latest"}},
	"no tag in prod":            {stack: "prod", config: map[string]string{"todo:images": `{"backend":"localhost:5000/backend"}`}, says: []string{"images.backend: "}},
	"latest base in prod":       {stack: "prod", config: map[string]string{"todo:baseImages": `{"node":"node:latest"}`}, says: []string{"baseImages.node: "}},
	"unknown base image":        {config: map[string]string{"todo:baseImages": `{"ruby":"ruby:3"}`}, says: []string{"baseImages.ruby: unknown field", "allowed: node, postgres, python"}},
	"no registry in prod":       {stack: "prod", config: map[string]string{"todo:registry": ""}, says: []string{"registry: not set", "production pulls"}},
	"localhost in prod":         {stack: "prod", config: map[string]string{"todo:exposure": "localhost", "todo:domain": "", "todo:ingressClass": "", "todo:tlsSecret": ""}, says: []string{"exposure: ", "plain http"}},
	"wildcard origin":           {stack: "prod", config: map[string]string{"todo:services": `{"backend":{"env":{"ALLOWED_ORIGINS":"*"}}}`}, says: []string{"services.backend.env.ALLOWED_ORIGINS: ", "no wildcard"}},
	"http origin":               {stack: "prod", config: map[string]string{"todo:services": `{"backend":{"env":{"ALLOWED_ORIGINS":"http://todo.your-company.com"}}}`}, says: []string{"no http origin"}},
	"computed variable":         {config: map[string]string{"todo:services": `{"backend":{"env":{"DATABASE_URL":"x"}}}`}, says: []string{"services.backend.env.DATABASE_URL: already a secret that the service reads"}},
	"variable's name":           {config: map[string]string{"todo:services": `{"backend":{"env":{"A-B":"x"}}}`}, says: []string{"services.backend.env.A-B: "}},
	"unknown service":           {config: map[string]string{"todo:services": `{"web":{"replicas":1}}`}, says: []string{"services.web: no such service"}},
	"unknown service field":     {config: map[string]string{"todo:services": `{"backend":{"replica":1}}`}, says: []string{"services.backend.replica: unknown field", "did you mean replicas?", "pulumi config rm -s dev --path services.backend.replica"}},
	"replicas":                  {config: map[string]string{"todo:services": `{"backend":{"replicas":-1}}`}, says: []string{"services.backend.replicas: -1", "--path services.backend.replicas 2"}},
	"replicas as text":          {config: map[string]string{"todo:services": `{"backend":{"replicas":"two"}}`}, says: []string{"services.backend.replicas: text; it must be a whole number"}},
	"node port out of range":    {config: map[string]string{"todo:services": `{"backend":{"nodePort":8000}}`}, says: []string{"services.backend.nodePort: 8000", "30000 to 32767"}},
	"node port twice":           {config: map[string]string{"todo:services": `{"backend":{"nodePort":30001}}`}, says: []string{"nodePort: 30001", "already that of"}},
	"quantity":                  {config: map[string]string{"todo:services": `{"backend":{"resources":{"limits":{"cpu":"half"}}}}`}, says: []string{`limits.cpu: "half"`}},
	"request over limit":        {config: map[string]string{"todo:services": `{"backend":{"resources":{"requests":{"memory":"1Gi"}}}}`}, says: []string{"requests.memory: 1Gi", "must not exceed the limit, 512Mi"}},
	"probe path":                {config: map[string]string{"todo:services": `{"backend":{"probes":{"liveness":"health"}}}`}, says: []string{`probes.liveness: "health"`, "/health"}},
	"probe period":              {config: map[string]string{"todo:services": `{"backend":{"probes":{"readinessPeriodSeconds":-5}}}`}, says: []string{"readinessPeriodSeconds: -5"}},

	"cluster's own namespace":    {config: map[string]string{"todo:namespace": "kube-system"}, says: []string{`namespace: "kube-system"; it is the cluster's own`}},
	"field in another case":      {config: map[string]string{"todo:services": `{"backend":{"Replicas":1}}`}, says: []string{"services.backend.Replicas: unknown field; did you mean replicas?"}},
	"unknown field far below":    {config: map[string]string{"todo:services": `{"backend":{"resources":{"limits":{"mem":"1Gi"}}}}`}, says: []string{"services.backend.resources.limits.mem: unknown field"}},
	"fields of two services":     {config: map[string]string{"todo:services": `{"backend":{"replica":1},"frontend-web":{"prob":{}}}`}, says: []string{"services.backend.replica: ", "services.frontend-web.prob: "}},
	"half a replica":             {config: map[string]string{"todo:services": `{"backend":{"replicas":1.5}}`}, says: []string{"services.backend.replicas: 1.5", "whole number"}},
	"replicas beyond reason":     {config: map[string]string{"todo:services": `{"backend":{"replicas":100000000000000000000}}`}, says: []string{"services.backend.replicas: 100000000000000000000"}},
	"list for an object":         {config: map[string]string{"todo:services": `[{"backend":{}}]`}, says: []string{"services: a list; it must be an object"}},
	"two values":                 {config: map[string]string{"todo:services": `{} {}`}, says: []string{"services: text after the value"}},
	"variable that is a list":    {config: map[string]string{"todo:services": `{"backend":{"env":{"A":[1]}}}`}, says: []string{"services.backend.env.A: a list; it must be text"}},
	"limit of nothing":           {config: map[string]string{"todo:services": `{"backend":{"resources":{"limits":{"memory":"0"}}}}`}, says: []string{"limits.memory: 0; nothing runs within it"}},
	"storage request":            {config: map[string]string{"todo:services": `{"backend":{"resources":{"requests":{"ephemeralStorage":"1Gi"}}}}`}, says: []string{"requests.ephemeralStorage: 1Gi", "must not exceed the limit"}},
	"origin with a path":         {config: map[string]string{"todo:services": `{"backend":{"env":{"ALLOWED_ORIGINS":"https://a.your-company.com/"}}}`}, says: []string{"services.backend.env.ALLOWED_ORIGINS: ", "would match none"}},
	"wildcard subdomain in prod": {stack: "prod", config: map[string]string{"todo:services": `{"backend":{"env":{"ALLOWED_ORIGINS":"https://*.your-company.com"}}}`}, says: []string{"services.backend.env.ALLOWED_ORIGINS: ", "no wildcard"}},
	"autoscaling from nothing":   {config: map[string]string{"todo:services": `{"backend":{"autoscaling":{"enabled":true,"minReplicas":0}}}`}, says: []string{"services.backend.autoscaling.minReplicas: 0", "at least 1 pod", "--path services.backend.autoscaling.minReplicas 2"}},
	"autoscaling of no replicas": {config: map[string]string{"todo:services": `{"backend":{"replicas":0,"autoscaling":{"enabled":true}}}`}, says: []string{"services.backend.autoscaling.minReplicas: 0"}},
	"autoscaling downwards":      {config: map[string]string{"todo:services": `{"backend":{"autoscaling":{"enabled":true,"minReplicas":4,"maxReplicas":3}}}`}, says: []string{"services.backend.autoscaling.maxReplicas: 3", "minReplicas, 4, to 100"}},
	"autoscaling without end":    {stack: "prod", config: map[string]string{"todo:services": `{"backend":{"replicas":50}}`}, says: []string{"services.backend.autoscaling.maxReplicas: 150", "maxReplicas 100"}},
	"autoscaling blindly":        {config: map[string]string{"todo:services": `{"backend":{"autoscaling":{"enabled":true,"cpuPercent":0}}}`}, says: []string{"services.backend.autoscaling.cpuPercent: 0, and memoryPercent too"}},
	"autoscaling's percent":      {config: map[string]string{"todo:services": `{"backend":{"autoscaling":{"enabled":true,"memoryPercent":-1}}}`}, says: []string{"services.backend.autoscaling.memoryPercent: -1", "0 to 1000"}},
	"autoscaling's patience":     {config: map[string]string{"todo:services": `{"backend":{"autoscaling":{"enabled":true,"scaleDownSeconds":7200}}}`}, says: []string{"services.backend.autoscaling.scaleDownSeconds: 7200", "0 to 3600"}},
	"autoscaling's field":        {config: map[string]string{"todo:services": `{"backend":{"autoscaling":{"max":3}}}`}, says: []string{"services.backend.autoscaling.max: unknown field"}},
	"resource quota":             {config: map[string]string{"todo:resourceQuota": "small"}, says: []string{`resourceQuota: "small"`, "allowed: true, false"}},
	"labels not an object":       {config: map[string]string{"todo:labels": `"team"`}, says: []string{"labels: text; it must be an object"}},
	"label's value":              {config: map[string]string{"todo:labels": `{"team":"the todo team"}`}, says: []string{`labels.team: "the todo team"`, "up to 63"}},
	"label's name":               {config: map[string]string{"todo:labels": `{"my team":"todo"}`}, says: []string{"labels.my team: not a name"}},
	"label of the selectors":     {config: map[string]string{"todo:labels": `{"app.kubernetes.io/name":"todo"}`}, says: []string{`labels["app.kubernetes.io/name"]: already set`}},
	"annotation of the provider": {config: map[string]string{"todo:annotations": `{"pulumi.com/skipAwait":"true"}`}, says: []string{`annotations["pulumi.com/skipAwait"]: already set`}},
	"pod label of the selectors": {config: map[string]string{"todo:services": `{"backend":{"podLabels":{"app.kubernetes.io/name":"api"}}}`}, says: []string{`services.backend.podLabels["app.kubernetes.io/name"]: already set`}},
	"pod annotation's name":      {config: map[string]string{"todo:services": `{"backend":{"podAnnotations":{"-":"x"}}}`}, says: []string{"services.backend.podAnnotations.-: not a name"}},
	"service account annotation": {config: map[string]string{"todo:services": `{"backend":{"serviceAccount":{"annotations":{"a b":"x"}}}}`}, says: []string{"services.backend.serviceAccount.annotations.a b: not a name"}},
	"service account's name":     {config: map[string]string{"todo:services": `{"backend":{"serviceAccount":{"name":"my api"}}}`}, says: []string{`services.backend.serviceAccount.name: "my api"`, "allowed: the name of a ServiceAccount"}},
	"node selector's name":       {config: map[string]string{"todo:services": `{"backend":{"nodeSelector":{"a b":"x"}}}`}, says: []string{"services.backend.nodeSelector.a b: not a label's name"}},
	"node selector's value":      {config: map[string]string{"todo:services": `{"backend":{"nodeSelector":{"pool":"a,b"}}}`}, says: []string{`services.backend.nodeSelector.pool: "a,b"`}},
	"liveness":                   {config: map[string]string{"todo:services": `{"backend":{"probes":{"livenessSeconds":2}}}`}, says: []string{"services.backend.probes.livenessSeconds: 2", "3 to 3600"}},
	"startup":                    {config: map[string]string{"todo:services": `{"backend":{"probes":{"startupSeconds":5}}}`}, says: []string{"services.backend.probes.startupSeconds: 5", "10 to 1800"}},
	"startup beyond the rollout": {
		config: map[string]string{"todo:services": `{"backend":{"probes":{"startupSeconds":1000}}}`},
		says:   []string{"services.backend.probes.startupSeconds: 1000", "rolloutTimeoutSeconds, 900"},
	},
	"grace":                      {config: map[string]string{"todo:services": `{"backend":{"terminationGracePeriodSeconds":1}}`}, says: []string{"services.backend.terminationGracePeriodSeconds: 1", "15 to 3600"}},
	"priority class":             {config: map[string]string{"todo:services": `{"backend":{"priorityClassName":"Very High"}}`}, says: []string{`services.backend.priorityClassName: "Very High"`}},
	"toleration's key":           {config: map[string]string{"todo:services": `{"backend":{"tolerations":[{"key":"a b","operator":"Exists"}]}}`}, says: []string{`services.backend.tolerations[0].key: "a b"`}},
	"toleration's operator":      {config: map[string]string{"todo:services": `{"backend":{"tolerations":[{"key":"gpu","operator":"In"}]}}`}, says: []string{`services.backend.tolerations[0].operator: "In"`, "Equal, Exists"}},
	"toleration of nothing":      {config: map[string]string{"todo:services": `{"backend":{"tolerations":[{"effect":"NoSchedule"}]}}`}, says: []string{"services.backend.tolerations[0].operator: ", "without a key it must be Exists"}},
	"toleration with two values": {config: map[string]string{"todo:services": `{"backend":{"tolerations":[{"key":"gpu","operator":"Exists","value":"a"}]}}`}, says: []string{`services.backend.tolerations[0].value: "a"`, "takes none"}},
	"toleration's value":         {config: map[string]string{"todo:services": `{"backend":{"tolerations":[{"key":"gpu","value":"a b"}]}}`}, says: []string{`services.backend.tolerations[0].value: "a b"`}},
	"toleration's effect":        {config: map[string]string{"todo:services": `{"backend":{"tolerations":[{"key":"gpu","effect":"Never"}]}}`}, says: []string{`services.backend.tolerations[0].effect: "Never"`}},
	"toleration's seconds":       {config: map[string]string{"todo:services": `{"backend":{"tolerations":[{"key":"gpu","effect":"NoSchedule","tolerationSeconds":5}]}}`}, says: []string{"services.backend.tolerations[0].tolerationSeconds: 5", "NoExecute"}},

	"migration switched how":     {config: map[string]string{"todo:migration": `{"enabled":"no"}`}, says: []string{"migration.enabled: text; it must be true or false", "--path migration.enabled"}},
	"migration without command":  {config: map[string]string{"todo:migration": `{"command":[]}`}, says: []string{"migration.command: []", "pulumi config set -s dev --path migration.command"}},
	"migration's program":        {config: map[string]string{"todo:migration": `{"command":[""]}`}, says: []string{`migration.command: [""]`}},
	"migration's command a text": {config: map[string]string{"todo:migration": `{"command":"alembic upgrade head"}`}, says: []string{"migration.command: text; it must be a list"}},
	"migration's time":           {config: map[string]string{"todo:migration": `{"timeoutSeconds":5}`}, says: []string{"migration.timeoutSeconds: 5", "10 to 3600"}},
	"migration's misspelt field": {config: map[string]string{"todo:migration": `{"timeout":60}`}, says: []string{"migration.timeout: unknown field", "timeoutSeconds"}},
	"migration's labels":         {config: map[string]string{"todo:migration": `{"podLabels":{"app.kubernetes.io/name":"backend"}}`}, says: []string{"migration.podLabels", "app.kubernetes.io/name"}},
	"migration's annotations":    {config: map[string]string{"todo:migration": `{"podAnnotations":{"not a name":"x"}}`}, says: []string{"migration.podAnnotations", "not a name"}},
	"migration's variable":       {config: map[string]string{"todo:services": `{"backend":{"env":{"MIGRATE_ON_START":"true"}}}`}, says: []string{"services.backend.env.MIGRATE_ON_START: already computed"}},

	"secret in plain text": {config: map[string]string{"todo:OPENAI_API_KEY": canary}, says: []string{"OPENAI_API_KEY: set in plain text", "pulumi config set -s dev --secret OPENAI_API_KEY"}},
	"short auth secret":    {secrets: map[string]string{"todo:BETTER_AUTH_SECRET": canary}, says: []string{"BETTER_AUTH_SECRET: 11 characters", "at least 32"}},
	"other database":       {secrets: map[string]string{"todo:DATABASE_URL": "mysql://u:" + canary + "@h/d"}, says: []string{"DATABASE_URL: has another scheme"}},
	"no database host":     {secrets: map[string]string{"todo:DATABASE_URL": "postgres:///" + canary}, says: []string{"DATABASE_URL: has no host"}},
	"no database name":     {secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:" + canary + "@h:5432/"}, says: []string{"DATABASE_URL: has no database name"}},
	"database port":        {secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:" + canary + "@h:70000/d"}, says: []string{"DATABASE_URL: has a port"}},
	"no URL at all":        {secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:%zz" + canary + "@h/d"}, says: []string{"DATABASE_URL: is not a URL"}},

	"placeholder auth secret":    {secrets: map[string]string{"todo:BETTER_AUTH_SECRET": "change-me-change-me-change-me-change-me"}, says: []string{`BETTER_AUTH_SECRET: holds "change-me", as examples do`, "openssl rand"}},
	"documented auth secret":     {secrets: map[string]string{"todo:BETTER_AUTH_SECRET": "your-secret-key-at-least-32-characters-long"}, says: []string{"BETTER_AUTH_SECRET: holds ", "as examples do"}},
	"monotonous auth secret":     {secrets: map[string]string{"todo:BETTER_AUTH_SECRET": strings.Repeat("abcab", 10)}, says: []string{"BETTER_AUTH_SECRET: 50 characters, only 3 of them different"}},
	"auth secret with newline":   {secrets: map[string]string{"todo:BETTER_AUTH_SECRET": canary + "-of-more-than-32-characters-in-all\n"}, says: []string{"BETTER_AUTH_SECRET: begins or ends with white space"}},
	"short second auth secret":   {secrets: map[string]string{"todo:BETTER_AUTH_SECRET_ALSO": canary}, says: []string{"BETTER_AUTH_SECRET_ALSO: 11 characters", "at least 32", "no rotation is under way"}},
	"auth secret given twice":    {secrets: map[string]string{"todo:BETTER_AUTH_SECRET": canary + "-of-more-than-32-characters-in-all", "todo:BETTER_AUTH_SECRET_ALSO": canary + "-of-more-than-32-characters-in-all"}, says: []string{"BETTER_AUTH_SECRET_ALSO: the value of BETTER_AUTH_SECRET"}},
	"own database's port":        {secrets: map[string]string{"todo:DATABASE_URL": "postgresql://todo_b:" + canary + "@database:5433/todo"}, says: []string{"DATABASE_URL: leads to the stack's own database at another port", "5432"}},
	"documented API key":         {secrets: map[string]string{"todo:OPENAI_API_KEY": "sk-your-api-key-here"}, says: []string{"OPENAI_API_KEY: holds ", "as examples do"}},
	"dotted API key":             {secrets: map[string]string{"todo:OPENAI_API_KEY": "sk-..."}, says: []string{"OPENAI_API_KEY: is a placeholder"}},
	"short API key":              {secrets: map[string]string{"todo:VITE_OPENAI_API_KEY": "sk-1234"}, says: []string{"VITE_OPENAI_API_KEY: 7 characters"}},
	"API key with newline":       {secrets: map[string]string{"todo:OPENAI_API_KEY": canary + "\n"}, says: []string{"OPENAI_API_KEY: holds white space"}},
	"API key in quotes":          {secrets: map[string]string{"todo:OPENAI_API_KEY": `"` + canary + `"`}, says: []string{"OPENAI_API_KEY: holds a quotation mark"}},
	"postgre":                    {secrets: map[string]string{"todo:DATABASE_URL": "postgre://u:" + canary + "@h/d"}, says: []string{"DATABASE_URL: has another scheme", "did you mean postgres://?"}},
	"postgresq":                  {secrets: map[string]string{"todo:DATABASE_URL": "postgresq://u:" + canary + "@h/d"}, says: []string{"DATABASE_URL: has another scheme", "did you mean postgres"}},
	"postgressql":                {secrets: map[string]string{"todo:DATABASE_URL": "postgressql://u:" + canary + "@h/d"}, says: []string{"did you mean postgresql://?"}},
	"database URL with newline":  {secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:" + canary + "@h/d\n"}, says: []string{"DATABASE_URL: holds white space"}},
	"database on localhost":      {secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:" + canary + "@localhost:5432/d"}, says: []string{"DATABASE_URL: leads to localhost", "the pod itself"}},
	"example database":           {secrets: map[string]string{"todo:DATABASE_URL": "postgresql://USER:PASSWORD@HOST/DATABASE"}, says: []string{"DATABASE_URL: is the example from the documentation"}},
	"database's unknown sslmode": {secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:" + canary + "@h/d?sslmode=required"}, says: []string{"DATABASE_URL: has an sslmode that Postgres does not know", "verify-full"}},
	"database without TLS":       {stack: "prod", secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:" + canary + "@db.your-company.com/d"}, says: []string{"DATABASE_URL: lets the connection go on without TLS", "sslmode=require"}},
	"database that prefers TLS":  {stack: "prod", secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:" + canary + "@db.your-company.com/d?sslmode=prefer"}, says: []string{"DATABASE_URL: lets the connection go on without TLS"}},

	"no service at all":         {config: map[string]string{"todo:services": `{"backend":{"enabled":false},"frontend-web":{"enabled":false},"frontend-chatbot":{"enabled":false}}`}, says: []string{"services: none enabled", "services.backend.enabled true"}},
	"enabled as text":           {config: map[string]string{"todo:services": `{"backend":{"enabled":"no"}}`}, says: []string{"services.backend.enabled: text; it must be true or false"}},
	"API's URL with a backend":  {config: map[string]string{"todo:services": `{"frontend-web":{"env":{"API_URL":"https://a.your-company.com"}}}`}, says: []string{"services.frontend-web.env.API_URL: already computed"}},
	"store without a name":      {config: map[string]string{"todo:externalSecrets": `{"storeKind":"SecretStore"}`}, says: []string{"externalSecrets.store: not set", "--path externalSecrets.store <store>"}},
	"store's kind":              {config: map[string]string{"todo:externalSecrets": `{"store":"vault","storeKind":"Vault"}`}, says: []string{`externalSecrets.storeKind: "Vault"`, "SecretStore, ClusterSecretStore"}},
	"store's interval":          {config: map[string]string{"todo:externalSecrets": `{"store":"vault","refreshInterval":"hourly"}`}, says: []string{`externalSecrets.refreshInterval: "hourly"`}},
	"store's unknown variable":  {config: map[string]string{"todo:externalSecrets": `{"store":"vault","keys":{"OPENAI_KEY":"x"}}`}, says: []string{"externalSecrets.keys.OPENAI_KEY: no secret of a service", "did you mean OPENAI_API_KEY?"}},
	"store's empty key":         {config: map[string]string{"todo:externalSecrets": `{"store":"vault","keys":{"DATABASE_URL":"#url"}}`}, says: []string{"externalSecrets.keys.DATABASE_URL: ", "<key>#<property>"}},
	"secret beside the store":   {config: map[string]string{"todo:externalSecrets": `{"store":"vault"}`}, secrets: map[string]string{"todo:OPENAI_API_KEY": canary}, says: []string{"OPENAI_API_KEY: set; externalSecrets reads it from SecretStore vault", "pulumi config rm -s dev OPENAI_API_KEY"}},
	"database beside the store": {config: map[string]string{"todo:externalSecrets": `{"store":"vault"}`, "todo:database": `{"storage":"1Gi"}`}, says: []string{"database: set; "}},

	"manifests with secrets":       {config: map[string]string{"todo:renderYaml": "rendered", "todo:registry": "registry.your-company.com"}, says: []string{"externalSecrets: not set; renderYaml writes every Secret as readable text"}},
	"manifests among the program":  {config: map[string]string{"todo:renderYaml": ".", "todo:registry": "registry.your-company.com", "todo:externalSecrets": `{"store":"vault"}`}, says: []string{`renderYaml: "."`}},
	"manifests somewhere else":     {config: map[string]string{"todo:renderYaml": "/etc", "todo:registry": "registry.your-company.com", "todo:externalSecrets": `{"store":"vault"}`}, says: []string{`renderYaml: "/etc"; allowed: a folder below this one`}},
	"manifests in a file":          {config: map[string]string{"todo:renderYaml": "kubeconfig", "todo:registry": "registry.your-company.com", "todo:externalSecrets": `{"store":"vault"}`}, says: []string{`renderYaml: "kubeconfig"; it is a file`}},
	"manifests without a registry": {config: map[string]string{"todo:renderYaml": "rendered", "todo:externalSecrets": `{"store":"vault"}`}, says: []string{"registry: not set; the cluster that gets the manifests"}},
	"manifests with a password":    {config: map[string]string{"todo:renderYaml": "rendered", "todo:registry": "registry.your-company.com", "todo:externalSecrets": `{"store":"vault"}`, "todo:registryUsername": "robot"}, secrets: map[string]string{"todo:registryPassword": canary}, says: []string{"registryPassword: set; renderYaml would write it"}},

	"metrics in an unknown way":      {config: map[string]string{"todo:observability": `{"metrics":"serviceMonitor"}`}, says: []string{`observability.metrics: "serviceMonitor"; allowed: none, annotations, podMonitor`, "--path observability.metrics annotations"}},
	"alerts in an unknown form":      {config: map[string]string{"todo:observability": `{"metrics":"annotations","alerts":"rules"}`}, says: []string{`observability.alerts: "rules"`, "configMap, prometheusRule"}},
	"metrics of no backend":          {config: map[string]string{"todo:observability": `{"metrics":"annotations"}`, "todo:services": `{"backend":{"enabled":false}}`}, says: []string{"observability.metrics: ", "which is not enabled"}},
	"dashboard of nothing":           {config: map[string]string{"todo:observability": `{"dashboard":true}`}, says: []string{"observability.dashboard: true; it shows metrics"}},
	"alerts of nothing":              {config: map[string]string{"todo:observability": `{"alerts":"configMap"}`}, says: []string{`observability.alerts: "configMap"; they watch metrics`}},
	"scraper of nothing":             {config: map[string]string{"todo:observability": `{"namespace":"prometheus"}`}, says: []string{"observability.namespace: set", "pulumi config rm -s dev --path observability.namespace"}},
	"scraper's namespace":            {config: map[string]string{"todo:observability": `{"metrics":"annotations","namespace":"Monitoring"}`}, says: []string{`observability.namespace: "Monitoring"`}},
	"operator's labels, no operator": {config: map[string]string{"todo:observability": `{"metrics":"annotations","labels":{"release":"x"}}`}, says: []string{"observability.labels: set", "neither a podMonitor nor a prometheusRule"}},
	"operator's labels":              {config: map[string]string{"todo:observability": `{"metrics":"podMonitor","labels":{"release":"a b"}}`}, says: []string{`observability.labels.release: "a b"`}},
	"traces over gRPC":               {config: map[string]string{"todo:observability": `{"otlpEndpoint":"collector.monitoring:4317"}`}, says: []string{"observability.otlpEndpoint: not a URL", "gRPC is not spoken"}},
	"traces with a password":         {config: map[string]string{"todo:observability": `{"otlpEndpoint":"https://u:` + canary + `@otlp.your-company.com"}`}, says: []string{"observability.otlpEndpoint: it holds a user or a password"}},
	"traces' port":                   {config: map[string]string{"todo:observability": `{"otlpEndpoint":"http://collector:70000"}`}, says: []string{"observability.otlpEndpoint: ", "1 to 65535"}},
	"traces' second endpoint":        {config: map[string]string{"todo:services": `{"backend":{"env":{"OTEL_EXPORTER_OTLP_ENDPOINT":"http://a"}}}`}, says: []string{"services.backend.env.OTEL_EXPORTER_OTLP_ENDPOINT: already computed"}},

	"migration's URL alone":    {secrets: map[string]string{"todo:MIGRATION_DATABASE_URL": "postgres://u:" + canary + "@h/d"}, says: []string{"MIGRATION_DATABASE_URL: set; it is for the migration"}},
	"migration's URL, no TLS":  {stack: "prod", secrets: map[string]string{"todo:MIGRATION_DATABASE_URL": "postgres://u:" + canary + "@db.your-company.com/d"}, says: []string{"MIGRATION_DATABASE_URL: lets the connection go on without TLS"}},
	"registry password alone":  {secrets: map[string]string{"todo:registryPassword": canary}, says: []string{"registryUsername: not set; registryPassword needs it"}},
	"registry user alone":      {config: map[string]string{"todo:registryUsername": "robot"}, says: []string{"registryPassword: not set; registryUsername needs it", "pulumi config set -s dev --secret registryPassword"}},
	"plain registry password":  {config: map[string]string{"todo:registryUsername": "robot", "todo:registryPassword": canary}, says: []string{"registryPassword: set in plain text"}},
	"registry user with colon": {config: map[string]string{"todo:registryUsername": "a:b"}, secrets: map[string]string{"todo:registryPassword": canary}, says: []string{`registryUsername: "a:b"`}},
	"placeholder password":     {config: map[string]string{"todo:registryUsername": "robot"}, secrets: map[string]string{"todo:registryPassword": "<token>"}, says: []string{"registryPassword: is a placeholder"}},
	"login without registry":   {config: map[string]string{"todo:registryUsername": "robot", "todo:registry": "", "todo:kubeContext": "minikube", "todo:kubeconfigPath": "kubeconfig"}, secrets: map[string]string{"todo:registryPassword": canary}, says: []string{"registry: not set; registryUsername and"}},
	"pull secret's name":       {config: map[string]string{"todo:imagePullSecrets": `["My Secret"]`}, says: []string{`imagePullSecrets: "My Secret"`, "imagePullSecrets[0]"}},
	"pull secret twice":        {config: map[string]string{"todo:imagePullSecrets": `["a","a"]`}, says: []string{`imagePullSecrets: "a" twice`}},
	"pull secrets as text":     {config: map[string]string{"todo:imagePullSecrets": `"a"`}, says: []string{"imagePullSecrets: text; it must be a list"}},

	"database's storage":       {config: map[string]string{"todo:database": `{"storage":"ten gigs"}`}, says: []string{`database.storage: "ten gigs"`, "--path database.storage 1Gi"}},
	"database's tiny storage":  {config: map[string]string{"todo:database": `{"storage":"5"}`}, says: []string{`database.storage: "5"`, "1Mi or more"}},
	"database's class":         {config: map[string]string{"todo:database": `{"storageClass":"Fast SSD"}`}, says: []string{`database.storageClass: "Fast SSD"`}},
	"database's image":         {config: map[string]string{"todo:database": `{"image":"Post Gres"}`}, says: []string{"database.image: "}},
	"database's unknown field": {config: map[string]string{"todo:database": `{"size":"1Gi"}`}, says: []string{"database.size: unknown field", "allowed: image, storage, storageClass"}},
	"database block in prod":   {stack: "prod", config: map[string]string{"todo:database": `{"storage":"1Gi"}`}, says: []string{"database: set; the stack runs no database of its own"}},
	"database block and URL":   {config: map[string]string{"todo:database": `{"storage":"1Gi"}`}, secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:" + canary + "@h/d"}, says: []string{"database: set; "}},
	"egress host name":         {config: map[string]string{"todo:services": `{"backend":{"egress":[{"cidr":"api.your-company.com","port":443}]}}`}, says: []string{"services.backend.egress[0].cidr: ", "no host names"}},
	"egress of an address":     {config: map[string]string{"todo:services": `{"backend":{"egress":[{"cidr":"10.1.2.3/8","port":443}]}}`}, says: []string{"services.backend.egress[0].cidr: ", "10.0.0.0/8"}},
	"egress without port":      {config: map[string]string{"todo:services": `{"backend":{"egress":[{"cidr":"10.0.0.0/8"}]}}`}, says: []string{"services.backend.egress[0].port: 0; allowed: 1 to 65535"}},
	"egress without policies":  {config: map[string]string{"todo:networkPolicies": "false", "todo:services": `{"backend":{"egress":[{"port":443}]}}`}, says: []string{"services.backend.egress: set", "networkPolicies is false"}},
	"source without a ref":     {config: map[string]string{"todo:services": `{"backend":{"source":"https://git.your-company.com/todo.git"}}`}, says: []string{"services.backend.source: ", "after #"}},
	"source and image":         {config: map[string]string{"todo:services": `{"backend":{"source":"app/backend"}}`, "todo:images": `{"backend":"a:1"}`}, says: []string{"services.backend.source: set; images.backend is ready-made"}},
	"stack of the cluster":     {config: map[string]string{"todo:kubeStack": "cluster"}, says: []string{`kubeStack: "cluster"`, "<organization>/<project>/<stack>"}},
	"stack and file":           {config: map[string]string{"todo:kubeStack": "a/b/c", "todo:kubeconfigPath": "kubeconfig"}, says: []string{`kubeconfigPath: "kubeconfig"; kubeStack brings a kubeconfig`}},

	"unknown context":        {config: map[string]string{"todo:kubeContext": "minikub", "todo:kubeconfigPath": "kubeconfig"}, says: []string{`kubeContext: "minikub" is not in `, "known: cloud, minikube, todo-lab", "pulumi config set -s dev kubeContext <context>"}},
	"remote cluster for dev": {config: map[string]string{"todo:kubeContext": "cloud", "todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000"}, says: []string{`kubeContext: "cloud" is at https://k8s.your-company.com`, "allowNonLocalCluster true"}},
	"local cluster for prod": {stack: "prod", config: map[string]string{"todo:kubeContext": "minikube"}, says: []string{`kubeContext: "minikube"`, "production does not belong there"}},
	"no context for prod":    {stack: "prod", config: map[string]string{"todo:kubeContext": ""}, says: []string{"kubeContext: not set", "production never guesses"}},
	"no kubeconfig":          {config: map[string]string{"todo:kubeconfigPath": "missing"}, says: []string{"kubeconfigPath: no kubeconfig in ", "make up"}},
	"broken kubeconfig": {config: map[string]string{"todo:kubeconfigPath": "broken"}, change: func(t *testing.T, root string) {
		pulumitest.Write(t, root, "broken", "contexts: [{name: a, context: {cluster: b}}]")
	}, says: []string{"kubeconfigPath: ", "names a cluster that it does not define"}},
	"broken kubeconfig text": {secrets: map[string]string{"todo:kubeconfig": canary + ": ["}, says: []string{"kubeconfig: cannot be parsed"}},
	"no registry for a cluster elsewhere": {
		config: map[string]string{"todo:kubeContext": "cloud", "todo:kubeconfigPath": "kubeconfig", "todo:allowNonLocalCluster": "true"},
		says:   []string{"registry: not set", `cluster "cloud" needs one: its nodes would not find images`},
	},
	"broken cluster.json": {change: func(t *testing.T, root string) { pulumitest.Write(t, root, ".state/dev/cluster.json", "{") }, says: []string{"cluster.json cannot be read"}},

	"no source folder":  {config: map[string]string{"todo:sourceRoot": "elsewhere"}, says: []string{"sourceRoot: no folder elsewhere/backend", "pulumi config set -s dev --path images.backend"}},
	"no lock file":      {change: remove("app/frontend-web/package-lock.json"), says: []string{"app/frontend-web has none of package-lock.json, pnpm-lock.yaml, yarn.lock"}},
	"no Python project": {change: remove("app/backend/requirements.txt"), says: []string{"app/backend has none of requirements.txt, poetry.lock, uv.lock"}},
	"no Dockerfile":     {change: remove("dockerfiles/backend.Dockerfile"), says: []string{"no file dockerfiles/backend.Dockerfile"}},
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, root string) {
		if err := os.Remove(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, more := range []map[string]refusal{exposureRefusals, kagentRefusals, rowRefusals} {
		for name, c := range more {
			if _, twice := refusals[name]; twice {
				t.Fatalf("two refusals are called %q", name)
			}
			refusals[name] = c
		}
	}
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.stack == "" {
				c.stack = "dev"
			}
			o := stack(t, c.stack)
			o.Secrets = maps.Clone(o.Secrets)
			if o.Secrets == nil {
				o.Secrets = map[string]string{}
			}
			maps.Copy(o.Config, c.config)
			maps.Copy(o.Secrets, c.secrets)
			if c.change != nil {
				c.change(t, o.Root)
			}
			r, _, err := run(t, o)
			if err == nil {
				t.Fatalf("it was accepted, with %d resources", len(r.All()))
			}
			if n := len(r.All()); n > 0 {
				t.Errorf("%d resources were registered before the refusal; a refused configuration creates nothing:\n%s", n, r.Tree())
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the message does not say %q:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), canary) {
				t.Errorf("the message repeats a secret:\n%v", err)
			}
		})
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	o := stack(t, "dev")
	maps.Copy(o.Config, map[string]string{"todo:namespace": "A", "todo:LOG_LEVEL": "loud", "todo:platform": "plan9/mips", "todo:colour": "red"})
	_, _, err := run(t, o)
	if err == nil || !strings.Contains(err.Error(), "has 4 problems; nothing was changed") {
		t.Errorf("want one refusal with 4 problems, each with its fix; got:\n%v", err)
	}
}
