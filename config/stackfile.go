package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"todo/target"
)

// stackFile is Pulumi.<stack>.yaml by key. The engine says of an object only whether anything in it is encrypted, so what is
// can only be seen here. Where the file is somewhere else, it is empty, and messages name the whole key.
type stackFile map[string]node

type node struct{ yaml.Node }

func (n *node) UnmarshalYAML(of *yaml.Node) error {
	n.Node = *of
	return nil
}

func readStackFile(m target.Machine, in Input) stackFile {
	text, err := m.ReadFile(m.Expand(in.Root, "Pulumi."+in.Stack+".yaml"))
	if err != nil {
		return nil
	}
	var file struct{ Config map[string]node }
	if yaml.Unmarshal(text, &file) != nil {
		return nil // the CLI has reported it
	}
	all := stackFile{}
	for key, value := range file.Config {
		if len(key) > len(project) && key[:len(project)+1] == project+":" {
			all[key[len(project)+1:]] = value
		}
	}
	return all
}

// plain reports whether the file holds the field of that name in plain text.
func (n node) plain(name string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1].Kind != yaml.MappingNode
		}
	}
	return false
}

// encrypted lists the paths of what is encrypted at or below a key.
func (f stackFile) encrypted(key string) []string {
	n, found := f[key]
	if !found {
		return nil
	}
	return encryptedBelow(&n.Node, key)
}

func encryptedBelow(n *yaml.Node, path string) (all []string) {
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "secure" {
		return []string{path}
	}
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode:
			all = append(all, encryptedBelow(child, fmt.Sprintf("%s[%d]", path, i))...)
		case n.Kind == yaml.MappingNode && i%2 == 1:
			all = append(all, encryptedBelow(child, join(path, n.Content[i-1].Value))...)
		}
	}
	return all
}
