// The sections of a form, as native fields and plugins.
import { useEffect, type ReactNode } from 'react'
import type { Unit } from './model'
import type { Section } from './layout'
import { FieldRow } from './Field'
import { PluginField, type ContextFields, type Place } from './PluginField'
import type { Form } from './useForm'
import type { Texts } from './texts'

interface Props {
  sections: Section[]
  form: Form
  context: ContextFields
  place: Place
  units: Unit[]
  viewMode: boolean
  t: Texts
  /** What stands before the sections, such as the date of enrollment. */
  children?: ReactNode
}

export function FormView({ sections, form, context, place, units, viewMode, t, children }: Props) {
  useUnsaved(form.dirty && !viewMode)
  return (
    <>
      {children}
      {sections.map((s) => (
        <section key={s.id} className="card">
          {s.name && <h2>{s.name}</h2>}
          {s.elements.map((e) =>
            e.kind === 'field' ? (
              <FieldRow key={e.field.id} field={e.field} form={form} units={units} disabled={viewMode} t={t} />
            ) : (
              <PluginField key={e.plugin.id} plugin={e.plugin} form={form} context={context} place={place} viewMode={viewMode} t={t} />
            ),
          )}
        </section>
      ))}
    </>
  )
}

/** The browser asks before a form that is not saved is left. */
function useUnsaved(dirty: boolean) {
  useEffect(() => {
    if (!dirty) return
    const ask = (e: BeforeUnloadEvent) => e.preventDefault()
    window.addEventListener('beforeunload', ask)
    return () => window.removeEventListener('beforeunload', ask)
  }, [dirty])
}
