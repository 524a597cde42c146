package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"todo/spec"
)

// labelValue is Kubernetes' rule; a label's key follows that of an annotation's name.
var labelValue = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)

// ownLabels begin the names that selectors and Kubernetes itself rely on.
var ownLabels = []string{"app.kubernetes.io/", "pod-security.kubernetes.io/", "kubernetes.io/", "pulumi.com/"}

func validateLabels(key string, labels map[string]string, ps *problems) {
	validateNames(key, labels, ps)
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !labelValue.MatchString(labels[name]) {
			ps.refuse(join(key, name), quoted(labels[name]), "allowed: up to 63 letters, digits, -, _ and ., not those three at the ends", "<value>")
		}
	}
}

func validateAnnotations(key string, annotations map[string]string, ps *problems) {
	validateNames(key, annotations, ps)
}

func validateNames(key string, named map[string]string, ps *problems) {
	for _, name := range slices.Sorted(maps.Keys(named)) {
		path := join(key, name)
		switch {
		case !annotationName.MatchString(name):
			ps.add(Problem{Key: path, Got: "not a name", Want: "allowed: [domain/]name of letters, digits, -, _ and .", Fix: ps.remove(path)})
		case slices.ContainsFunc(ownLabels, func(prefix string) bool { return strings.HasPrefix(name, prefix) }):
			ps.add(Problem{Key: path, Got: "already set by the program or by Kubernetes", Want: "selectors rely on it", Fix: ps.remove(path)})
		}
	}
}

func validatePods(p spec.Pods, key string, ps *problems) {
	validateLabels(key+".podLabels", p.Labels, ps)
	validateAnnotations(key+".podAnnotations", p.Annotations, ps)
	validateAnnotations(key+".serviceAccount.annotations", p.ServiceAccountAnnotations, ps)
	for _, name := range slices.Sorted(maps.Keys(p.NodeSelector)) {
		// Kubernetes' own names, such as kubernetes.io/arch, are what a node selector is for.
		if path := join(key+".nodeSelector", name); !annotationName.MatchString(name) {
			ps.add(Problem{Key: path, Got: "not a label's name", Want: "allowed: [domain/]name of letters, digits, -, _ and .", Fix: ps.remove(path)})
		} else if !labelValue.MatchString(p.NodeSelector[name]) {
			ps.refuse(path, quoted(p.NodeSelector[name]), "allowed: a label's value", "<value>")
		}
	}
	if p.PriorityClass != "" && !objectName.MatchString(p.PriorityClass) {
		ps.refuse(key+".priorityClassName", quoted(p.PriorityClass), "allowed: the name of a PriorityClass", "<name>")
	}
	for i, t := range p.Tolerations {
		validateToleration(t, fmt.Sprintf("%s.tolerations[%d]", key, i), ps)
	}
}

func validateToleration(t spec.Toleration, key string, ps *problems) {
	if t.Key != "" && !annotationName.MatchString(t.Key) {
		ps.refuse(key+".key", quoted(t.Key), "allowed: a taint's key", "<key>")
	}
	operator := or(t.Operator, "Equal")
	oneOf(ps, key+".operator", operator, []string{"Equal", "Exists"})
	switch {
	case operator == "Equal" && t.Key == "":
		ps.refuse(key+".operator", quoted(t.Operator), "without a key it must be Exists, and tolerates every taint", "Exists")
	case operator == "Exists" && t.Value != "":
		ps.refuse(key+".value", quoted(t.Value), "operator Exists takes none", `""`)
	case !labelValue.MatchString(t.Value):
		ps.refuse(key+".value", quoted(t.Value), "allowed: a taint's value", "<value>")
	}
	if t.Effect != "" {
		oneOf(ps, key+".effect", t.Effect, []string{"PreferNoSchedule", "NoSchedule", "NoExecute"})
	}
	if t.Seconds != nil && (*t.Seconds < 0 || t.Effect != "NoExecute") {
		ps.refuse(key+".tolerationSeconds", fmt.Sprint(*t.Seconds), "allowed: 0 and more, with effect NoExecute", "300")
	}
}
