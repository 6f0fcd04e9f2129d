package sandbox_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2/sandbox"
)

const appManifest = `{"name":"Identity Plug-in","short_name":"Identity Plug-in","version":"1.2.0","launch_path":"index.html","plugin_launch_path":"plugin.html","plugin_type":"CAPTURE"}`

// zipped packs files, given as name and content in turn.
func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, files[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload sends a file as a browser does.
func (s *site) upload(content []byte, header ...string) (int, string) {
	s.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("file", "app.zip")
	if err != nil {
		s.t.Fatal(err)
	}
	part.Write(content)
	form.Close()
	resp, body := s.call("POST", "/api/apps", b.String(), append([]string{"Content-Type", form.FormDataContentType()}, header...)...)
	return resp.StatusCode, string(body)
}

func TestSandboxApps(t *testing.T) {
	s := start(t, sandbox.Config{})
	s.SetUser(midwife)
	plugin := zipped(t, "manifest.webapp", appManifest, "plugin.html", "<p>plugin</p>", "index.html", "<p>start</p>", "assets/a.js", "let a")
	if status, body := s.upload(plugin, asMidw...); status != 403 {
		t.Errorf("without the authority: got %d %s", status, body)
	}
	status, body := s.upload(plugin)
	if status != 201 || !strings.Contains(body, `"pluginLaunchUrl":"`+s.base+`/api/apps/identity-plug-in/plugin.html"`) || !strings.Contains(body, `"key":"identity-plug-in"`) {
		t.Fatalf("got %d %s", status, body)
	}
	for path, want := range map[string]string{"plugin.html": "<p>plugin</p>", "": "<p>start</p>", "assets/a.js": "let a"} {
		resp, body := s.call("GET", "/api/apps/identity-plug-in/"+path, "", asMidw...)
		if resp.StatusCode != 200 || string(body) != want {
			t.Errorf("%s: got %d %s", path, resp.StatusCode, body)
		}
		kind := map[bool]string{true: "javascript", false: "text/html"}[strings.HasSuffix(path, ".js")]
		if got := resp.Header.Get("Content-Type"); !strings.Contains(got, kind) {
			t.Errorf("%s: Content-Type %q", path, got)
		}
	}
	for path, want := range map[string]int{"identity-plug-in/none.js": 404, "identity-plug-in/assets/": 404, "other/index.html": 404} {
		if resp, _ := s.call("GET", "/api/apps/"+path, ""); resp.StatusCode != want {
			t.Errorf("%s: got %d, want %d", path, resp.StatusCode, want)
		}
	}
	if resp, _ := s.call("GET", "/api/apps/identity-plug-in/plugin.html", "", "Authorization", "", "Accept", "text/html"); resp.StatusCode != 302 {
		t.Errorf("a browser that did not sign in: got %d, want the login page", resp.StatusCode)
	}
	if _, body := s.call("GET", "/api/apps", ""); strings.Count(string(body), `"key"`) != 1 {
		t.Errorf("list: got %s", body)
	}
	// The same again replaces.
	if status, _ := s.upload(zipped(t, "manifest.webapp", strings.ReplaceAll(appManifest, "1.2.0", "1.3.0"))); status != 201 {
		t.Errorf("replace: got %d", status)
	}
	if resp, _ := s.call("GET", "/api/apps/identity-plug-in/plugin.html", ""); resp.StatusCode != 404 {
		t.Errorf("a file of the replaced one: got %d", resp.StatusCode)
	}
	for name, want := range map[string]int{"nobody": 404, "identity-plug-in": 204} {
		if resp, _ := s.call("DELETE", "/api/apps/"+name, ""); resp.StatusCode != want {
			t.Errorf("delete %s: got %d, want %d", name, resp.StatusCode, want)
		}
	}
	if resp, _ := s.call("DELETE", "/api/apps/identity-plug-in", "", asMidw...); resp.StatusCode != 403 {
		t.Errorf("delete without the authority: got %d", resp.StatusCode)
	}
	if _, body := s.call("GET", "/api/apps", ""); string(body) != "[]" {
		t.Errorf("left: %s", body)
	}
	if status, body := start(t, sandbox.Config{Version: "2.41"}).upload(plugin); status != 204 || body != "" {
		t.Errorf("2.41: got %d %q, want 204", status, body)
	}
}

func TestSandboxAppRefusals(t *testing.T) {
	s := start(t, sandbox.Config{})
	for name, content := range map[string][]byte{
		"no zip":                  []byte("PK nothing"),
		"no manifest":             zipped(t, "index.html", "x"),
		"manifest in a folder":    zipped(t, "app/manifest.webapp", appManifest),
		"manifest is no JSON":     zipped(t, "manifest.webapp", "{"),
		"manifest without a name": zipped(t, "manifest.webapp", `{"version":"1"}`),
		"no version":              zipped(t, "manifest.webapp", `{"name":"x"}`),
		"a name without letters":  zipped(t, "manifest.webapp", `{"name":"***","version":"1"}`),
		"a way out":               zipped(t, "manifest.webapp", appManifest, "../../etc/passwd", "x"),
		"an absolute path":        zipped(t, "manifest.webapp", appManifest, "/etc/passwd", "x"),
	} {
		if status, body := s.upload(content); status != 409 {
			t.Errorf("%s: got %d %s, want 409", name, status, body)
		}
	}
	if resp, _ := s.call("POST", "/api/apps", "x", "Content-Type", "text/plain"); resp.StatusCode != 400 {
		t.Errorf("no form: got %d", resp.StatusCode)
	}
	if _, body := s.call("GET", "/api/apps", ""); string(body) != "[]" {
		t.Errorf("something was installed: %s", body)
	}
}
