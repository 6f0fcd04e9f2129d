package config

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// uidLists names, for each list that is merged by UID, the lists inside its
// items that are merged too. All other values are replaced as a whole: half a
// code of one file and half of another would be a wrong fact.
type uidLists map[string]uidLists

var mapLists = uidLists{"attributes": nil, "stages": {"elements": nil}}

// extend merges an overlay into a copy of its base. Each node keeps the place
// where it was written.
func extend(base, overlay *tree) *tree {
	merged := &tree{
		file: overlay.file, problems: overlay.problems,
		origin: base.origin, spoiled: overlay.spoiled,
	}
	merged.origin = make(map[*yaml.Node]string, len(base.origin)+len(overlay.origin))
	for n, file := range base.origin {
		merged.origin[n] = file
	}
	for n, file := range overlay.origin {
		merged.origin[n] = file
	}
	merged.root = merged.mapping(base.root, overlay.root, mapLists, "")
	return merged
}

// mapping gives the keys of base, replaced and completed by those of over. A
// null in over takes the key away.
func (t *tree) mapping(base, over *yaml.Node, lists uidLists, path string) *yaml.Node {
	result := t.copyOf(over)
	for i := 0; i+1 < len(base.Content); i += 2 {
		k, v := base.Content[i], base.Content[i+1]
		newKey, newValue := lookup(over, k.Value)
		inner, byUID := lists[k.Value]
		switch {
		case newKey == nil:
			result.Content = append(result.Content, k, v)
		case newValue.ShortTag() == "!!null" && !t.spoiled[newValue]:
		case byUID && v.Kind == yaml.SequenceNode && newValue.Kind == yaml.SequenceNode:
			result.Content = append(result.Content, newKey, t.list(v, newValue, inner, path+k.Value))
		default:
			result.Content = append(result.Content, newKey, newValue)
		}
	}
	for i := 0; i+1 < len(over.Content); i += 2 {
		k, v := over.Content[i], over.Content[i+1]
		if old, _ := lookup(base, k.Value); old != nil || k.Value == "extends" || k.Value == "remove" {
			continue
		}
		if v.ShortTag() == "!!null" && !t.spoiled[v] {
			t.problem(v, path+k.Value, "nothing to take away: the extended map does not say it")
			continue
		}
		result.Content = append(result.Content, k, v)
	}
	return result
}

// list merges the items of two lists by their uid.
func (t *tree) list(base, over *yaml.Node, lists uidLists, path string) *yaml.Node {
	result := t.copyOf(over)
	changes, place := map[string]*yaml.Node{}, map[string]string{}
	for i, item := range over.Content {
		uid, at := scalar(item, "uid"), fmt.Sprintf("%s[%d]", path, i)
		if _, twice := changes[uid]; twice && uid != "" {
			t.problem(item, at+".uid", "the UID stands twice, first at "+place[uid])
			continue
		}
		changes[uid], place[uid] = item, at
	}
	known := map[string]bool{}
	for _, item := range base.Content {
		uid := scalar(item, "uid")
		known[uid] = true
		switch change := changes[uid]; {
		case change == nil || uid == "":
			result.Content = append(result.Content, item)
		case scalar(change, "remove") == "true":
		default:
			result.Content = append(result.Content, t.mapping(item, change, lists, place[uid]+"."))
		}
	}
	for i, item := range over.Content {
		uid := scalar(item, "uid")
		if known[uid] || uid != "" && changes[uid] != item {
			continue
		}
		if scalar(item, "remove") == "true" {
			t.problem(item, fmt.Sprintf("%s[%d].remove", path, i), "nothing to remove: the extended map does not have it")
			continue
		}
		result.Content = append(result.Content, t.mapping(&yaml.Node{Kind: yaml.MappingNode}, item, nil, fmt.Sprintf("%s[%d].", path, i)))
	}
	return result
}

// copyOf is an empty node at the place of another.
func (t *tree) copyOf(n *yaml.Node) *yaml.Node {
	c := &yaml.Node{Kind: n.Kind, Tag: n.Tag, Line: n.Line, Column: n.Column}
	t.origin[c] = t.origin[n]
	if t.spoiled[n] {
		t.spoiled[c] = true
	}
	return c
}
