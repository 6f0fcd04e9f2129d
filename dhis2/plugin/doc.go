// Package plugin is the form-field plugin for DHIS2's Capture app: the fields
// "Verify patient" and "Manage PHN" of a registration form.
//
// It owns the pages (TypeScript in ui, built into the folder built, which is
// committed and embedded) and the zip that DHIS2 installs. It knows no program:
// which fields a form gives it, and which program it is for, the form says. It
// imports nothing else of the project; dhis2/setup installs it, and the Routes
// that it calls are served by esignet/rp and nehr/phn.
//
// # The fields
//
// A form has each field as a plugin with a pluginSource of its own:
//
//	<dhis2>/api/apps/nehrbridge/plugin.html?field=verify&program=UID
//	<dhis2>/api/apps/nehrbridge/plugin.html?field=phn&program=UID
//
// Optional parameters are verify and phn (the codes of the Routes, where they are
// not nehrbridge-verify and nehrbridge-phn), phone=off (no sign-in on her own
// phone) and assisted=off (no witness). No value of a person stands in an address.
//
// The fieldMap gives the plugin what it may read and write. For verify,
// IdFromPlugin is the UID of each attribute that claims fill, and "evidence" for
// the text attribute that keeps the id of the evidence. For phn they are phn,
// phnVerified, name, birthDate and phone.
//
// # What it trusts
//
// Values and badges come from the services behind the Routes alone. Of messages it
// hears two kinds: those of the window that holds it, on DHIS2's own origin, in
// post-robot's wire format; and, on a BroadcastChannel of that origin, the answer
// that carries the state of its own open sign-in. It stores nothing in the browser.
//
// # Building
//
// go generate (dhis2/internal/webbuild) checks the types and bundles; it needs npm.
// Words stay UTF-8, as the pages say that they are. The same source gives the same
// bytes.
package plugin

//go:generate go run ../internal/webbuild -licences ../built/licences.txt ui src/plugin.ts src/callback.ts src/plugin.css static/plugin.html static/callback.html static/manifest.webapp static/icon-48.png static/icon-128.png static/apache-2.0.txt --bundle --minify --charset=utf8 --legal-comments=none --format=iife --target=es2020,chrome100,firefox100,safari15.4 --entry-names=[name] --loader:.html=copy --loader:.webapp=copy --loader:.png=copy --loader:.txt=copy --outdir=../built
