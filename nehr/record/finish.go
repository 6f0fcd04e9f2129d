package record

// finish counts, names where everything stands now, and makes the state that
// holds from now on.
func (p *Plan) finish(requests []*request) (Result, State, error) {
	sent := map[*item]*request{}
	known := map[string]string{}
	for _, r := range requests {
		sent[r.item] = r
		known[r.FullURL] = r.Type + "/" + r.id
	}
	result := Result{Entries: make([]Outcome, 0, p.desired)}
	state := State{Resources: make([]Written, 0, len(p.items))}
	for _, t := range p.items {
		o := Outcome{FullURL: t.FullURL, Type: t.Type, ID: t.id, Version: t.version(), Action: Unchanged}
		if r := sent[t]; r != nil {
			o.Version, o.Action = r.gotVersion, t.action()
			switch {
			case r.created:
				o.Action = Created
			case o.Version != "" && o.Version == t.version():
				// The server keeps it in another form, and saw no change.
				o.Action = Unchanged
			}
		}
		if t.remove {
			o.Version, o.Action = "", Deleted
		}
		if t.remembered() && t.ours != nil {
			replaceReferences(t.ours, known)
			o.Body = t.ours.Encode()
		}
		result.add(t, o)
		switch {
		case t.fate == write && !t.trusted, t.fate == fulfil && t.stands != nil:
			now := t.record(o.ID, maybe(nil, o.Body))
			now.Said = t.said
			state.Resources = append(state.Resources, now)
		case t.fate == keep, t.trusted:
			state.Resources = append(state.Resources, *t.was)
		}
	}
	return result, state, nil
}

// add counts one outcome.
func (r *Result) add(t *item, o Outcome) {
	if t.fate == write {
		r.Entries = append(r.Entries, o)
	} else if o.Action != Unchanged {
		r.Others = append(r.Others, o)
	}
	switch o.Action {
	case Created:
		r.Created++
	case Updated:
		r.Updated++
	case Retracted, Deleted:
		r.Retracted++
	case Fulfilled:
		r.Fulfilled++
	case Unchanged:
		if t.fate == write {
			r.Unchanged++
		}
	}
}

// version of the resource as it stands at the server.
func (t *item) version() string { return t.stands.Get("meta", "versionId").Str() }
