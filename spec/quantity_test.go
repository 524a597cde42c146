package spec

import "testing"

func TestSum(t *testing.T) {
	for name, c := range map[string]struct {
		shares []Share
		want   Quantities
	}{
		"nothing":       {nil, Quantities{"0", "0", "0"}},
		"mixed units":   {[]Share{{1, Quantities{"0.5", "1Gi", "1000k"}}, {2, Quantities{"250m", "512Mi", "1"}}}, Quantities{"1", "2Gi", "1Mi"}},
		"as Kubernetes": {[]Share{{3, Quantities{"700m", "1000Mi", "1024Gi"}}}, Quantities{"2100m", "3000Mi", "3Ti"}},
		"many":          {[]Share{{100, Quantities{"1m", "1Mi", "0.5Gi"}}}, Quantities{"100m", "100Mi", "50Gi"}},
	} {
		got, err := Sum(c.shares)
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
	if _, err := Sum([]Share{{1, Quantities{"1", "much", "1"}}}); err == nil {
		t.Error("a word was added up")
	}
}
