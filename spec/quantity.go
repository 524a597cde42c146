package spec

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Share is so many containers with the same quantities.
type Share struct {
	Count int
	Of    Quantities
}

// Sum adds quantities up and rounds them up to m and Mi. They are written as the API server would: a refresh would show
// another spelling as a change. The error names a quantity that is none.
func Sum(shares []Share) (Quantities, error) {
	var cpu, memory, storage float64
	for _, s := range shares {
		for _, q := range []struct {
			text string
			to   *float64
		}{{s.Of.CPU, &cpu}, {s.Of.Memory, &memory}, {s.Of.EphemeralStorage, &storage}} {
			n, ok := Amount(q.text)
			if !ok {
				return Quantities{}, fmt.Errorf("%q is not a quantity", q.text)
			}
			*q.to += float64(s.Count) * n
		}
	}
	// A float holds whole thousandths and bytes up to 2^53 exactly enough: what is less than a millionth off is whole.
	whole := func(n float64) int64 { return int64(math.Ceil(n - 1e-6)) }
	const mi = 1 << 20
	binary := func(bytes float64) string { return canonical(whole(bytes/mi), 1<<10, "Mi", "Gi", "Ti") }
	return Quantities{
		CPU:              canonical(whole(cpu*1000), 1000, "m", ""),
		Memory:           binary(memory),
		EphemeralStorage: binary(storage),
	}, nil
}

// canonical is Kubernetes' spelling of a whole number of the first unit: the largest unit in which it is whole.
func canonical(n, step int64, units ...string) string {
	if n == 0 {
		return "0"
	}
	i := 0
	for n%step == 0 && i < len(units)-1 {
		n /= step
		i++
	}
	return fmt.Sprintf("%d%s", n, units[i])
}

var quantity = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$`)

// Amount is a quantity in its base unit; exact enough to compare with.
func Amount(q string) (float64, bool) {
	m := quantity.FindStringSubmatch(q)
	if m == nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0, false
	}
	unit := map[string]float64{
		"": 1, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
		"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40,
	}
	return n * unit[m[2]], true
}
