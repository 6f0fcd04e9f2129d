package clinician

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/nehrbridge/nehrbridge/nehr/portal"
)

// requestPage is the one page for somebody whom no administrator has linked.
type requestPage struct {
	Code                        string // of the request, once there is one
	Problem, Name, Registration string
	Patients                    string // where patients go
}

// signedIn finds the role to act in: the only one, that of before signing in again, or
// the one that is chosen.
func (p *Portal) signedIn(v *portal.Visit) (string, error) {
	roles, err := p.config.Roles.of(v.R.Context(), v.Session)
	if err != nil {
		return "", trouble(err)
	}
	if v.Session.Role != "" && slices.Contains(roles, v.Session.Role) {
		return "/find", nil
	}
	one := ""
	switch {
	case len(roles) == 0:
		v.Session.Role = ""
		return "/request", nil
	case slices.Contains(roles, kept(v, keptRole)):
		one = kept(v, keptRole)
	case len(roles) == 1:
		one = roles[0]
	default:
		return "/roles", nil
	}
	err = p.take(v, one)
	if errors.Is(err, ErrNotInUse) {
		return "/roles", nil
	}
	if err != nil {
		return "", trouble(err)
	}
	to := kept(v, keptGoOn)
	if to == "" {
		return "/inbox", nil
	}
	return to, keep(v, keptGoOn, "")
}

// take acts in a role from now on. What was open before was open to another role.
func (p *Portal) take(v *portal.Visit, reference string) error {
	role, err := p.config.Directory.Role(v.R.Context(), reference, v.Now())
	if err != nil {
		return err
	}
	before := kept(v, keptRole)
	v.Session.Role = role.Reference
	if before != "" && before != role.Reference {
		v.Session.Kept = nil
	}
	return keep(v, keptRole, role.Reference, keptPerson, role.Person, keptFacility, role.Facility, keptName, role.Name, keptPlace, role.Place,
		keptChecked, strconv.FormatInt(v.Now().Unix(), 10))
}

// roleChoice is a role to choose.
type roleChoice struct {
	Handle, Name, Place string
	Current             bool
}

type rolesPage struct {
	Choices []roleChoice
	Idle    bool // one of the links leads to a role that is not in use
}

// showRoles lists the roles that may be acted in. Who has none asks for one.
func (p *Portal) showRoles(v *portal.Visit) error {
	roles, err := p.config.Roles.of(v.R.Context(), v.Session)
	if err != nil {
		return trouble(err)
	}
	if len(roles) == 0 {
		v.At("/request")
		return p.request(v, http.StatusForbidden, requestPage{})
	}
	page := rolesPage{}
	for _, one := range roles {
		role, err := p.config.Directory.Role(v.R.Context(), one, v.Now())
		if errors.Is(err, ErrNotInUse) {
			page.Idle = true
			continue
		}
		if err != nil {
			return trouble(err)
		}
		page.Choices = append(page.Choices, roleChoice{handle(v, one), role.Name, role.Place, one == v.Session.Role})
	}
	status := http.StatusOK
	if len(page.Choices) == 0 {
		status = http.StatusForbidden
	}
	return v.ShowStatus(status, "roles.html", v.T("roles_title"), page)
}

func (p *Portal) chooseRole(v *portal.Visit) error {
	roles, err := p.config.Roles.of(v.R.Context(), v.Session)
	if err != nil {
		return trouble(err)
	}
	at := slices.IndexFunc(roles, func(one string) bool { return handle(v, one) == v.R.PostFormValue("role") })
	if at < 0 {
		v.Redirect("/roles")
		return nil
	}
	err = p.take(v, roles[at])
	if errors.Is(err, ErrNotInUse) {
		v.Redirect("/roles")
		return nil
	}
	if err != nil {
		return trouble(err)
	}
	v.Redirect("/inbox")
	return nil
}

// showRequest is the page on which to ask for a role; who has one goes on.
func (p *Portal) showRequest(v *portal.Visit) error {
	roles, err := p.config.Roles.of(v.R.Context(), v.Session)
	if err != nil {
		return trouble(err)
	}
	if len(roles) > 0 {
		v.Redirect("/roles")
		return nil
	}
	return p.request(v, http.StatusOK, requestPage{})
}

func (p *Portal) request(v *portal.Visit, status int, page requestPage) error {
	page.Patients = p.config.PatientURL
	var err error
	if page.Code, err = p.config.Roles.Asked(v.R.Context(), v.Session); err != nil {
		return trouble(err)
	}
	if v.Session.Role != "" || v.Session.Kept != nil { // a role that was taken away
		v.Session.Role, v.Session.Kept = "", nil
		if err := v.Keep(); err != nil {
			return trouble(err)
		}
	}
	return v.ShowStatus(status, "request.html", v.T("request_title"), page)
}

// ask leaves a request, for an administrator to judge.
func (p *Portal) ask(v *portal.Visit) error {
	v.At("/request")
	page := requestPage{Name: v.R.PostFormValue("name"), Registration: v.R.PostFormValue("registration")}
	if !p.lookups.Allow("ask "+subjectHash(v.Session), v.Now()) {
		return &portal.StatusError{Status: http.StatusTooManyRequests}
	}
	_, err := p.config.Roles.Ask(v.R.Context(), v.Session, page.Name, page.Registration)
	switch {
	case errors.Is(err, ErrWords):
		page.Problem = v.T("request_words")
		return p.request(v, http.StatusUnprocessableEntity, page)
	case err != nil:
		return trouble(err)
	}
	v.Redirect("/request")
	return nil
}
