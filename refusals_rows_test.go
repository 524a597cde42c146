package main

// row is a stack with one more service, called worker unless the text says otherwise.
func row(fields string) map[string]string {
	return map[string]string{"todo:services": `{"worker":{"image":"backend"` + fields + `}}`}
}

// rowRefusals are mistakes in services that the stack adds, in references, and in where secrets are.
var rowRefusals = map[string]refusal{
	"row without image":        {config: map[string]string{"todo:services": `{"worker":{"replicas":1}}`}, says: []string{"services.worker: no such service", "a new service needs source or image"}},
	"row with a bad name":      {config: map[string]string{"todo:services": `{"my_worker":{"image":"backend"}}`}, says: []string{"services.my_worker: not a service's name"}},
	"row with our own name":    {config: map[string]string{"todo:services": `{"database":{"image":"a:1"}}`}, says: []string{"services.database: the name of one of the program's own objects"}},
	"image of itself":          {config: map[string]string{"todo:services": `{"backend":{"image":"backend"}}`}, says: []string{`services.backend.image: "backend"; it is the service itself`}},
	"image of an image":        {config: map[string]string{"todo:services": `{"a":{"image":"backend"},"b":{"image":"a"}}`}, says: []string{`services.b.image: "a"; that service runs the image of backend`, "services.b.image backend"}},
	"image of one that is off": {config: map[string]string{"todo:services": `{"frontend-chatbot":{"enabled":false},"b":{"image":"frontend-chatbot"}}`}, says: []string{"that service is not enabled"}},
	"build of an image":        {config: row(`,"build":{"target":"x"}`), says: []string{"services.worker.build: set; the image is that of backend"}},
	"no Dockerfile of its own": {config: map[string]string{"todo:services": `{"shop":{"source":"app/backend/src"}}`}, says: []string{"services.shop.build.preset: nothing in the source tells how it is built", "allowed: fastapi, nextjs, dockerfile"}},
	"port":                     {config: row(`,"port":70000`), says: []string{"services.worker.port: 70000; allowed: 1 to 65535"}},
	"public without port":      {config: row(`,"public":true`), says: []string{"services.worker.public: true; it serves no port"}},
	"probe without port":       {config: row(`,"probes":{"liveness":"/alive"}`), says: []string{`services.worker.probes.liveness: "/alive"; the service serves no port`}},
	"same localhost port":      {config: row(`,"port":8000,"public":"true"`), says: []string{"services.worker.localPort: 8000; already that of backend"}},
	"path under localhost":     {config: row(`,"port":9000,"public":{"path":"/shop"}`), says: []string{"services.worker.public: has a path or annotations; they belong to ingress and gateway"}},
	"host under localhost":     {config: row(`,"port":9000,"public":{"host":"shop.your-company.com"}`), says: []string{"services.worker.public.host", "exposure is localhost"}},
	"schedule":                 {config: row(`,"schedule":"every day"`), says: []string{`services.worker.schedule: "every day"; allowed: five fields of cron`}},
	"schedule with a port":     {config: row(`,"schedule":"0 3 * * *","port":8000`), says: []string{"services.worker.port: 8000; a service with a schedule runs to its end"}},
	"unknown use":              {config: row(`,"uses":["frontend-wbe"]`), says: []string{`services.worker.uses[0]: "frontend-wbe"; did you mean frontend-web?`}},
	"use of a worker":          {config: map[string]string{"todo:services": `{"a":{"image":"backend"},"b":{"image":"backend","uses":["a"]}}`}, says: []string{`services.b.uses[0]: "a"; it serves no port`}},
	"unknown reference":        {config: row(`,"env":{"A":"${services.backnd.url}"}`), says: []string{"services.worker.env.A: ${services.backnd.url}: no such service; did you mean backend?"}},
	"unknown field":            {config: row(`,"env":{"A":"${services.backend.adress}"}`), says: []string{"no such field"}},
	"unknown value":            {config: row(`,"env":{"A":"${databse.host}"}`), says: []string{"${databse.host}: no such reference; did you mean database.host?"}},
	"not public":               {config: map[string]string{"todo:services": `{"a":{"image":"backend","port":9000},"b":{"image":"backend","env":{"A":"${services.a.publicUrl}"}}}`}, says: []string{"${services.a.publicUrl}: the service is not public"}},
	"password in a variable":   {config: row(`,"env":{"REDIS":"redis://:` + canary + `@redis:6379/0"}`), says: []string{"services.worker.env.REDIS: a URL that holds a password", "pulumi config set -s dev --secret --path secrets.REDIS"}},
	"writable":                 {config: row(`,"writable":{"data":"1Gi"}`), says: []string{`services.worker.writable.data: "data"; allowed: an absolute path of a folder`}},
	"writable's size":          {config: row(`,"writable":{"/data":"much"}`), says: []string{`services.worker.writable./data: "much"; allowed: a quantity`}},
	"file":                     {config: row(`,"configFiles":{"etc/a":"x"}`), says: []string{`services.worker.configFiles.etc/a: "etc/a"; allowed: an absolute path of a file`}},
	"existing account":         {config: row(`,"serviceAccount":{"existing":true}`), says: []string{"services.worker.serviceAccount.name: not set"}},
	"others' account":          {config: row(`,"serviceAccount":{"existing":true,"name":"shared","annotations":{"a/b":"c"}}`), says: []string{"services.worker.serviceAccount.annotations: set"}},

	"secret in a variable":     {secrets: map[string]string{"todo:services": `{"backend":{"env":{"STRIPE":"` + canary + `"}}}`}, says: []string{"services: holds an encrypted value", "pulumi config set -s dev --secret --path 'secrets.<NAME>'"}},
	"secret in labels":         {secrets: map[string]string{"todo:labels": `{"a":"` + canary + `"}`}, says: []string{"labels: holds an encrypted value"}},
	"secret in a plain key":    {secrets: map[string]string{"todo:namespace": canary}, says: []string{"namespace: is encrypted; it is no secret"}},
	"secret without a value":   {config: row(`,"secrets":["STRIPE_KEY"]`), says: []string{"secrets.STRIPE_KEY: not set; service worker reads it", "pulumi config set -s dev --secret --path secrets.STRIPE_KEY"}},
	"secret without a reader":  {secrets: map[string]string{"todo:secrets": `{"STRIPE_KEY":"` + canary + `"}`}, says: []string{"secrets.STRIPE_KEY: set; no service lists it"}},
	"own secret in plain text": {config: map[string]string{"todo:secrets": `{"STRIPE_KEY":"` + canary + `"}`, "todo:services": `{"backend":{"secrets":["STRIPE_KEY"]}}`}, says: []string{"secrets.STRIPE_KEY: set in plain text"}},
	"secret of a known key":    {secrets: map[string]string{"todo:secrets": `{"OPENAI_API_KEY":"` + canary + `"}`}, says: []string{"secrets.OPENAI_API_KEY: set here; it has a key of its own"}},
	"own secret's name":        {secrets: map[string]string{"todo:secrets": `{"A-B":"` + canary + `"}`}, says: []string{"secrets.A-B: not an environment variable's name"}},
	"secret and variable":      {secrets: map[string]string{"todo:secrets": `{"A":"` + canary + `"}`}, config: row(`,"env":{"A":"x"},"secrets":["A"]`), says: []string{"services.worker.env.A: already a secret that the service reads"}},
	"stored secret":            {config: map[string]string{"todo:externalSecrets": `{"store":"vault"}`, "todo:services": `{"backend":{"secrets":["STRIPE_KEY"]}}`}, says: []string{"externalSecrets.keys.STRIPE_KEY: not set; service backend reads it from the store"}},
	"secrets beside the store": {config: map[string]string{"todo:externalSecrets": `{"store":"vault"}`}, secrets: map[string]string{"todo:secrets": `{"A":"` + canary + `"}`}, says: []string{"secrets: set; externalSecrets reads it"}},

	"@ in a password":     {secrets: map[string]string{"todo:DATABASE_URL": "postgresql://shop:win@" + canary + "@db.your-company.com/shop?sslmode=require"}, says: []string{"DATABASE_URL: has an @ in the user or password", "%40"}},
	"sslmode of asyncpg":  {secrets: map[string]string{"todo:DATABASE_URL": "postgresql+asyncpg://u:" + canary + "@db.your-company.com/d?sslmode=require"}, says: []string{"DATABASE_URL: has sslmode, which asyncpg does not know", "?ssl=require"}},
	"asyncpg without TLS": {stack: "prod", secrets: map[string]string{"todo:DATABASE_URL": "postgresql+asyncpg://u:" + canary + "@db.your-company.com/d"}, says: []string{"DATABASE_URL: lets the connection go on without TLS"}},

	"a browser's variable": {config: map[string]string{"todo:services": `{"frontend-web":{"env":{"NEXT_PUBLIC_SHOP":"x"}}}`}, says: []string{"services.frontend-web.env.NEXT_PUBLIC_SHOP: set; Next.js writes it into the browser's code", "build.preset nextjs"}},

	"smoke of nobody": {config: map[string]string{"todo:smoke": `[{"service":"bakend","path":"/x"}]`}, says: []string{`smoke[0].service: "bakend"; did you mean backend?`}},
	"smoke's path":    {config: map[string]string{"todo:smoke": `[{"service":"backend","path":"x"}]`}, says: []string{`smoke[0].path: "x"`}},
	"smoke's status":  {config: map[string]string{"todo:smoke": `[{"service":"backend","path":"/x","status":99}]`}, says: []string{"smoke[0].status: 99"}},
}
