package plugin_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nehrbridge/nehrbridge/dhis2/plugin"
)

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := fs.ReadFile(plugin.FS(), name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestZip holds the zip against what DHIS2's installer asks of one.
func TestZip(t *testing.T) {
	packed, err := plugin.Zip()
	if err != nil {
		t.Fatal(err)
	}
	again, err := plugin.Zip()
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("two zips of the same files differ (%v)", err)
	}
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*zip.File{}
	for _, f := range r.File {
		files[f.Name] = f
		if !fs.ValidPath(f.Name) || strings.Contains(f.Name, "/") {
			t.Errorf("%s does not lie in the root", f.Name)
		}
		if f.ModifiedDate != 0 || f.ModifiedTime != 0 {
			t.Errorf("%s carries a time, so that no two zips are the same", f.Name)
		}
	}
	text, ok := files["manifest.webapp"]
	if !ok {
		t.Fatal("manifest.webapp is not in the root")
	}
	content, err := text.Open()
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Name             string            `json:"name"`
		ShortName        string            `json:"short_name"`
		Version          string            `json:"version"`
		Description      string            `json:"description"`
		PluginLaunchPath string            `json:"plugin_launch_path"`
		PluginType       string            `json:"plugin_type"`
		CoreApp          bool              `json:"core_app"`
		Icons            map[string]string `json:"icons"`
		Activities       struct {
			DHIS struct {
				Href string `json:"href"`
			} `json:"dhis"`
		} `json:"activities"`
	}
	if err := json.NewDecoder(content).Decode(&manifest); err != nil {
		t.Fatal(err)
	}
	// The folder below api/apps is the short name as a slug.
	slug := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(manifest.ShortName), "-"), "-")
	if slug != plugin.Name || manifest.Name == "" || manifest.Description == "" || manifest.CoreApp || manifest.Activities.DHIS.Href != "*" {
		t.Errorf("manifest: %+v; want it served as %s", manifest, plugin.Name)
	}
	if manifest.PluginType != "CAPTURE" || files[manifest.PluginLaunchPath] == nil || !strings.HasSuffix(plugin.PagePath, "/"+manifest.PluginLaunchPath) {
		t.Errorf("plugin %q of type %q", manifest.PluginLaunchPath, manifest.PluginType)
	}
	if manifest.Version != plugin.Version {
		t.Errorf("manifest says version %s, the package %s", manifest.Version, plugin.Version)
	}
	var npm struct {
		Version string `json:"version"`
	}
	if about, err := os.ReadFile("ui/package.json"); err != nil || json.Unmarshal(about, &npm) != nil || npm.Version != plugin.Version {
		t.Errorf("ui/package.json says version %s, the package %s (%v)", npm.Version, plugin.Version, err)
	}
	if len(manifest.Icons) == 0 {
		t.Error("no icon")
	}
	for size, icon := range manifest.Icons {
		if files[icon] == nil {
			t.Errorf("the icon of %s px, %s, is not there", size, icon)
		}
	}
	if files["callback.html"] == nil || !strings.HasSuffix(plugin.CallbackPath, "/callback.html") {
		t.Error("the redirect URI has no page")
	}
}

// TestFirstLoad bounds what a form loads with a field: 40 KB compressed.
func TestFirstLoad(t *testing.T) {
	size := 0
	for _, name := range []string{"plugin.html", "plugin.js", "plugin.css"} {
		var packed bytes.Buffer
		w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		_, _ = w.Write(readFile(t, name))
		_ = w.Close()
		size += packed.Len()
	}
	t.Logf("first load: %d bytes compressed", size)
	if size > 40_000 {
		t.Errorf("first load: %d bytes compressed, more than 40,000", size)
	}
}

// TestBuilt looks at what DHIS2 will serve.
func TestBuilt(t *testing.T) {
	script := string(readFile(t, "plugin.js"))
	// The key of each message holds the version: the host reads no other.
	if !strings.Contains(script, "10_0_46") {
		t.Error("plugin.js does not speak as post-robot 10.0.46")
	}
	if strings.Contains(string(readFile(t, "callback.js")), "10_0_46") {
		t.Error("callback.js carries post-robot, which it does not use")
	}
	host := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+\.[a-z]{2,}`)
	inline := regexp.MustCompile(`(?is)<style|\son[a-z]+\s*=|\sstyle\s*=|<script(?:\s[^>]*)?>\s*[^<\s]`)
	stored := regexp.MustCompile(`localStorage|sessionStorage|indexedDB|document\.cookie|innerHTML|insertAdjacentHTML|console\.|\beval\(|new Function`)
	for _, name := range []string{"plugin.html", "plugin.js", "plugin.css", "callback.html", "callback.js", "manifest.webapp"} {
		content := string(readFile(t, name))
		for _, found := range host.FindAllString(content, -1) {
			if found != "http://www.w3.org" { // the name of SVG
				t.Errorf("%s names a host: %s", name, found)
			}
		}
		if strings.HasSuffix(name, ".html") && inline.MatchString(content) {
			t.Errorf("%s has script or style in itself, which a strict CSP refuses", name)
		}
		if strings.HasSuffix(name, ".js") {
			if found := stored.FindString(content); found != "" && name != "plugin.js" {
				t.Errorf("%s: %s", name, found)
			}
		}
	}
	// post-robot is somebody else's; the sources of this project are looked at alone.
	sources, err := filepath.Glob("ui/src/*.ts")
	if err != nil || len(sources) < 15 {
		t.Fatalf("%d sources (%v)", len(sources), err)
	}
	for _, name := range sources {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := stored.FindString(string(content)); found != "" {
			t.Errorf("%s: %s: nothing is stored in the browser, written to its console, or read as markup", name, found)
		}
	}
}

// TestWords: each language has each sentence, with the same places in it, and
// none is left over.
func TestWords(t *testing.T) {
	read := func(name string) map[string]string {
		words := map[string]string{}
		content, err := os.ReadFile("ui/src/words/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(content, &words); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return words
	}
	var source strings.Builder
	files, err := filepath.Glob("ui/src/*.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(content)
	}
	english := read("en.json")
	for key := range english {
		if !strings.Contains(source.String(), `"`+key+`"`) && !strings.HasPrefix(key, "demographics_") {
			t.Errorf("%s is said nowhere", key)
		}
	}
	place := regexp.MustCompile(`\{\w+\}`)
	scripts := map[string]*regexp.Regexp{"si": regexp.MustCompile(`\p{Sinhala}`), "ta": regexp.MustCompile(`\p{Tamil}`)}
	for language, script := range scripts {
		words := read(language + ".json")
		if got, want := slices.Sorted(maps.Keys(words)), slices.Sorted(maps.Keys(english)); !slices.Equal(got, want) {
			t.Errorf("%s has other keys than en: %q", language, difference(got, want))
		}
		for key, text := range words {
			if !script.MatchString(text) {
				t.Errorf("%s: %s is not translated: %q", language, key, text)
			}
			if got, want := slices.Sorted(slices.Values(place.FindAllString(text, -1))), slices.Sorted(slices.Values(place.FindAllString(english[key], -1))); !slices.Equal(got, want) {
				t.Errorf("%s: %s has the places %q, en %q", language, key, got, want)
			}
		}
	}
	callback := map[string]map[string]string{}
	content, err := os.ReadFile("ui/src/words/callback.json")
	if err != nil || json.Unmarshal(content, &callback) != nil {
		t.Fatal("callback.json is not read")
	}
	for key, words := range callback {
		if words["en"] == "" || !scripts["si"].MatchString(words["si"]) || !scripts["ta"].MatchString(words["ta"]) {
			t.Errorf("callback.json: %s lacks a language", key)
		}
	}
}

func difference(a, b []string) []string {
	return slices.DeleteFunc(slices.Concat(a, b), func(s string) bool { return slices.Contains(a, s) && slices.Contains(b, s) })
}

// TestLock: packages come with exact versions and their hashes, and the lock
// file does not say from where.
func TestLock(t *testing.T) {
	content, err := os.ReadFile("ui/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte("://")) {
		t.Error("the lock file names a host")
	}
	var lock struct {
		Packages map[string]struct {
			Version      string            `json:"version"`
			Integrity    string            `json:"integrity"`
			Dependencies map[string]string `json:"dependencies"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(content, &lock); err != nil {
		t.Fatal(err)
	}
	for name, p := range lock.Packages {
		if name != "" && (p.Version == "" || p.Integrity == "") {
			t.Errorf("%s has no version or no hash", name)
		}
	}
	if got := lock.Packages["node_modules/post-robot"].Version; got != "10.0.46" {
		t.Errorf("post-robot %s: the host speaks 10.0.46 and no other", got)
	}
}

// TestHeaders: the pages bring their own policy, whatever the server sends.
func TestHeaders(t *testing.T) {
	for _, name := range []string{"plugin.html", "callback.html"} {
		f, err := plugin.FS().Open(name)
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(f)
		_ = f.Close()
		for _, want := range []string{`content="default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'none'"`, `name="referrer" content="no-referrer"`} {
			if !bytes.Contains(content, []byte(want)) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
	}
}

// TestD091_README: an administrator sets a server up from it, so what it names
// is what there is.
func TestD091_README(t *testing.T) {
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for _, want := range []string{plugin.PagePath + "?field=verify&program=", plugin.PagePath + "?field=phn&program=", plugin.CallbackPath, "nehrbridge-verify", "nehrbridge-phn",
		"dataStore/capture/dataEntryForms", "route.remote_servers_allowed", "2.40.5", "`phone=off`", "`assisted=off`"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not name %s", want)
		}
	}
	blocks := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(text, -1)
	if len(blocks) < 2 {
		t.Fatalf("%d examples in JSON", len(blocks))
	}
	for _, block := range blocks {
		if !json.Valid([]byte(block[1])) {
			t.Errorf("an example is no JSON: %s", block[1])
		}
	}
	for _, role := range []string{"evidence", "phn", "phnVerified", "name", "birthDate", "phone"} {
		if !strings.Contains(text, `"IdFromPlugin": "`+role+`"`) {
			t.Errorf("the example of a form does not map %s", role)
		}
	}
	// What it says about failures are the words that the worker reads.
	words, err := os.ReadFile("ui/src/words/en.json")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(text, "| it says | look at |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, row := range strings.Split(table, "\n") {
		if said := strings.TrimSpace(strings.Split(row, "|")[1]); !strings.Contains(string(words), `"`+said) {
			t.Errorf("nothing says %q", said)
		}
	}
}
