package config

import (
	"testing"

	"todo/spec"
)

func TestOpenAIDestination(t *testing.T) {
	for given, want := range map[string]spec.Destination{
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
