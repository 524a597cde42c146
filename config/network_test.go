package config

import "testing"

func TestOpenAIDestination(t *testing.T) {
	for given, want := range map[string]Destination{
		"":                                 {Port: 443, PublicOnly: true},
		"https://llm.your-company.com/v1":  {Port: 443},
		"http://llm.your-company.com":      {Port: 80},
		"http://ollama.ai.svc:11434/v1":    {Port: 11434},
		"https://192.168.1.20:8443":        {Port: 8443, CIDR: "192.168.1.20/32"},
		"http://[fd00::5]:8080/v1":         {Port: 8080, CIDR: "fd00::5/128"},
		"http://[::ffff:10.0.0.7]:8080/v1": {Port: 8080, CIDR: "10.0.0.7/32"},
		"https://llm.your-company.com:0":   {Port: 0},
		"https://llm.your-company.com:1e5": {Port: 443, PublicOnly: true}, // no URL: validate refuses it
	} {
		c := Config{OpenAIBaseURL: given}
		if got := c.OpenAI(); got != want {
			t.Errorf("OPENAI_BASE_URL %q leads to %+v, want %+v", given, got, want)
		}
	}
}

func TestHostNetworkOfAnAPIServer(t *testing.T) {
	for server, want := range map[string]string{
		"https://192.168.49.2:8443":  "192.168.49.0/24",
		"https://127.0.0.1:32771":    "", // Docker Desktop: NodePorts are called through a tunnel that ends on the node
		"https://203.0.113.7":        "", // public: never opened for a whole network
		"https://k8s.example.com":    "",
		"https://[fd00::2]:8443":     "",
		"not a URL\x7f":              "",
		"https://host.minikube:8443": "",
	} {
		if got := (endpoint{server: server}).network(); got != want {
			t.Errorf("the network around %q is %q, want %q", server, got, want)
		}
	}
}
