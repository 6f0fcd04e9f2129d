package sandbox

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// app is one that was installed. Its files are kept unpacked.
type app struct {
	key      string
	manifest manifest
	files    map[string][]byte
}

// manifest is what the sandbox reads of manifest.webapp.
type manifest struct {
	Name             string `json:"name"`
	ShortName        string `json:"short_name"`
	Version          string `json:"version"`
	Description      string `json:"description"`
	LaunchPath       string `json:"launch_path"`
	PluginLaunchPath string `json:"plugin_launch_path"`
	PluginType       string `json:"plugin_type"`
	CoreApp          bool   `json:"core_app"`
	AppHubID         string `json:"app_hub_id"`
	Activities       struct {
		DHIS struct {
			Namespace string `json:"namespace"`
		} `json:"dhis"`
	} `json:"activities"`
}

// maxApp bounds an app, packed and unpacked, in bytes.
const maxApp = 64 << 20

const manageApps = "M_dhis-web-app-management"

// installApp is POST /api/apps: a zip as the file of a form. The zip replaces
// an app of the same key.
func (s *Server) installApp(u *User, r *http.Request) (any, *problem) {
	if !u.has(manageApps) {
		return nil, forbidden("Access is denied")
	}
	file, _, err := r.FormFile("file")
	if err != nil {
		return nil, bad("Required part 'file' is not present.")
	}
	defer file.Close()
	packed, err := io.ReadAll(io.LimitReader(file, maxApp+1))
	if err != nil || len(packed) > maxApp {
		return nil, bad("the file could not be read")
	}
	a, err := unpack(packed)
	if err != nil {
		return nil, conflict("", "Invalid app zip: "+err.Error())
	}
	s.apps[a.key] = a
	if s.minor < 42 {
		return reply{status: http.StatusNoContent}, nil
	}
	return reply{status: http.StatusCreated, body: a.doc(contextPath(r))}, nil
}

var unslugged = regexp.MustCompile(`[^a-z0-9]+`)

// unpack reads a zip whose root holds manifest.webapp.
func unpack(packed []byte) (*app, error) {
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, errors.New("it is no zip")
	}
	a := &app{files: map[string][]byte{}}
	size := int64(0)
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if !fs.ValidPath(f.Name) {
			return nil, errors.New("a file lies outside of it")
		}
		content, err := f.Open()
		if err != nil {
			return nil, errors.New("a file is damaged")
		}
		b, err := io.ReadAll(io.LimitReader(content, maxApp-size+1))
		content.Close()
		if size += int64(len(b)); err != nil || size > maxApp {
			return nil, errors.New("a file is damaged, or it is too large")
		}
		a.files[f.Name] = b
	}
	text, ok := a.files["manifest.webapp"]
	switch {
	case !ok:
		return nil, errors.New("manifest.webapp is not in its root")
	case json.Unmarshal(text, &a.manifest) != nil:
		return nil, errors.New("manifest.webapp is no JSON")
	case a.manifest.Name == "" || a.manifest.Version == "":
		return nil, errors.New("manifest.webapp lacks name or version")
	}
	a.key = strings.Trim(unslugged.ReplaceAllString(strings.ToLower(orDefault(a.manifest.ShortName, a.manifest.Name)), "-"), "-")
	if a.key == "" {
		return nil, errors.New("its name has no letter")
	}
	return a, nil
}

func (a *app) doc(base string) map[string]any {
	m := &a.manifest
	doc := map[string]any{
		"key": a.key, "name": m.Name, "short_name": orDefault(m.ShortName, m.Name), "version": m.Version, "description": m.Description,
		"folderName": "apps/" + a.key, "baseUrl": base + "/api/apps", "core_app": m.CoreApp, "appState": "OK",
		"launchUrl": base + "/api/apps/" + a.key + "/" + orDefault(strings.TrimPrefix(m.LaunchPath, "/"), "index.html"),
	}
	if m.PluginLaunchPath != "" {
		doc["pluginLaunchUrl"] = base + "/api/apps/" + a.key + "/" + strings.TrimPrefix(m.PluginLaunchPath, "/")
		doc["pluginType"] = m.PluginType
	}
	if m.AppHubID != "" {
		doc["app_hub_id"] = m.AppHubID
	}
	if ns := m.Activities.DHIS.Namespace; ns != "" {
		doc["activities"] = map[string]any{"dhis": map[string]any{"namespace": ns}}
	}
	return doc
}

func (s *Server) listApps(_ *User, r *http.Request) (any, *problem) {
	docs := []any{}
	for _, key := range slices.Sorted(maps.Keys(s.apps)) {
		docs = append(docs, s.apps[key].doc(contextPath(r)))
	}
	return docs, nil
}

func (s *Server) deleteApp(u *User, r *http.Request) (any, *problem) {
	switch key := r.PathValue("key"); {
	case !u.has(manageApps):
		return nil, forbidden("Access is denied")
	case s.apps[key] == nil:
		return nil, &problem{status: http.StatusNotFound, message: "App does not exist: " + key}
	default:
		delete(s.apps, key)
		return reply{status: http.StatusNoContent}, nil
	}
}

// serveApp serves a file of an app to who signed in; a folder is its
// index.html.
func (s *Server) serveApp(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	u, a := s.authenticate(r), s.apps[r.PathValue("key")]
	s.mu.Unlock()
	if u == nil {
		writeProblem(w, unauthorized(r))
		return
	}
	name := r.PathValue("path")
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	if a == nil || a.files[name] == nil {
		writeProblem(w, notFound("no such file of an app"))
		return
	}
	http.ServeContent(w, r, path.Base(name), time.Time{}, bytes.NewReader(a.files[name]))
}
