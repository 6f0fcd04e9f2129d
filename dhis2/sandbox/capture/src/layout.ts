// The layout of a form: dataStore/capture/dataEntryForms, or the metadata's
// own order where that key says nothing of the form.
import type { Field } from './model'

/** A place in a form where a plugin is shown. */
export interface PluginPlace {
  id: string
  name: string
  source: string
  fields: [idFromPlugin: string, field: Field][]
}

export type Element = { kind: 'field'; field: Field } | { kind: 'plugin'; plugin: PluginPlace }

export interface Section {
  id: string
  name: string
  elements: Element[]
}

/**
 * The sections of the form of a scope: a program's registration, a stage. As
 * in Capture the key replaces the native form altogether.
 */
export function layout(forms: any, scope: string, fields: Field[], title: string): Section[] {
  const native = [{ id: scope, name: title, elements: fields.map((field): Element => ({ kind: 'field', field })) }]
  const sections = forms?.[scope]
  if (!Array.isArray(sections)) return native
  const byId = new Map(fields.map((f) => [f.id, f]))
  const known = (id: unknown, where: string) => {
    const field = byId.get(String(id))
    if (!field) console.error(`dataEntryForms: ${where} names ${String(id)}, which is not in this form`)
    return field
  }
  return sections.map((s: any) => ({
    id: String(s.id),
    name: String(s.name ?? ''),
    elements: (s.elements ?? []).flatMap((e: any): Element[] => {
      if (String(e.type).toLowerCase() !== 'plugin') {
        const field = known(e.id, `section ${s.id}`)
        return field ? [{ kind: 'field', field }] : []
      }
      const mapped = (e.fieldMap ?? []).flatMap((m: any): [string, Field][] => {
        const field = known(m.IdFromApp, `plugin ${e.id}`)
        return field ? [[String(m.IdFromPlugin), field]] : []
      })
      return [{ kind: 'plugin', plugin: { id: String(e.id), name: String(e.name ?? ''), source: String(e.pluginSource), fields: mapped } }]
    }),
  }))
}

/**
 * All fields of a form, each once: those it shows and those that only a
 * plugin fills.
 */
export function fieldsOf(sections: Section[]): Field[] {
  const all = new Map<string, Field>()
  for (const s of sections)
    for (const e of s.elements)
      for (const f of e.kind === 'field' ? [e.field] : e.plugin.fields.map(([, f]) => f)) all.set(f.id, f)
  return [...all.values()]
}
