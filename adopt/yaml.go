package adopt

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// pair is an entry of a YAML mapping, which keeps the order and the lines of the file.
type pair struct{ key, value *yaml.Node }

type mapping []pair

func pairs(n *yaml.Node) mapping {
	if n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var all mapping
	for i := 0; i+1 < len(n.Content); i += 2 {
		all = append(all, pair{n.Content[i], n.Content[i+1]})
	}
	return all
}

func (m mapping) get(key string) *yaml.Node {
	for _, p := range m {
		if p.key.Value == key {
			return p.value
		}
	}
	return nil
}

// names are the items of a list, or the keys of a mapping.
func names(n *yaml.Node) []*yaml.Node {
	if n == nil {
		return nil
	}
	if n.Kind == yaml.SequenceNode {
		return n.Content
	}
	var keys []*yaml.Node
	for _, p := range pairs(n) {
		keys = append(keys, p.key)
	}
	return keys
}

type entry struct {
	name, value string
	line        int
}

// entries are those of a mapping, or of a list of name=value.
func entries(n *yaml.Node) []entry {
	var all []entry
	for _, p := range pairs(n) {
		all = append(all, entry{p.key.Value, p.value.Value, p.key.Line})
	}
	if n != nil && n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			name, value, _ := strings.Cut(item.Value, "=")
			all = append(all, entry{name, value, item.Line})
		}
	}
	return all
}

// words are those of a command, which is a list or a line. A line that needs a shell is given to one.
func words(n *yaml.Node) []string {
	if n.Kind == yaml.SequenceNode {
		var all []string
		for _, item := range n.Content {
			all = append(all, item.Value)
		}
		return all
	}
	if strings.ContainsAny(n.Value, "|&;<>$`\"'\\*") {
		return []string{"sh", "-c", n.Value}
	}
	return strings.Fields(n.Value)
}
