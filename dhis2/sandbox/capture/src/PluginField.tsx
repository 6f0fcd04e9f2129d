// A plugin in a form, hosted by DHIS2's own component and with the props that
// Capture gives it.
import { Component, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { Plugin } from '@dhis2/app-runtime/experimental'
import { base } from './dhis2'
import type { PluginPlace } from './layout'
import type { Value } from './model'
import type { Form, Options } from './useForm'
import type { Texts } from './texts'

/** What is not a field of a form and yet belongs to it, such as enrolledAt. */
export interface ContextField {
  value: string
  set(value: string): void
}
export type ContextFields = { [id: string]: ContextField }

/** Where in the data the form stands. */
export interface Place {
  orgUnitId: string
  programId: string
  programStageId?: string
  enrollmentId?: string
  eventId?: string
  teiId?: string
}

interface Props {
  plugin: PluginPlace
  form: Form
  context: ContextFields
  place: Place
  viewMode: boolean
  t: Texts
}

export function PluginField(props: Props) {
  return (
    <Boundary message={props.t.pluginFailed}>
      <Hosted {...props} />
    </Boundary>
  )
}

function Hosted({ plugin, form, context, place, viewMode, t }: Props) {
  const holder = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const measure = () => setWidth(holder.current?.offsetWidth ?? 0)
    measure()
    window.addEventListener('resize', measure)
    return () => window.removeEventListener('resize', measure)
  }, [])
  // The component gives its frame no name, which people who hear a page need.
  useLayoutEffect(() => {
    const frame = holder.current?.querySelector('iframe')
    if (frame) frame.title = plugin.name || t.plugin
  }, [plugin.name, t])

  const fieldsMetadata = useMemo(
    () =>
      Object.fromEntries(
        plugin.fields.map(([id, f]) => [
          id,
          {
            name: f.name,
            shortName: f.name,
            formName: f.name,
            code: f.code,
            type: f.type,
            compulsory: f.compulsory,
            disabled: viewMode,
            unique: f.unique,
            displayInForms: true,
            displayInReports: true,
            ...(f.options ? { optionSet: { options: f.options.map((o) => ({ value: o.code, text: o.name })) } } : {}),
          },
        ]),
      ),
    [plugin, viewMode],
  )

  // The maps below change only with what they hold: each change of identity
  // is a message to the plugin.
  const values = useStable(
    Object.fromEntries([
      ...plugin.fields.flatMap(([id, f]): [string, Value][] => {
        const v = form.values[f.id]
        return v ? [[id, v]] : []
      }),
      ...Object.entries(context).map(([id, c]): [string, Value] => [id, c.value]),
    ]),
  )
  const errors = useStable(
    Object.fromEntries(plugin.fields.flatMap(([id, f]) => (form.errors[f.id] ? [[id, form.errors[f.id]!]] : []))),
  )
  const warnings = useStable<{ [id: string]: string[] }>({})

  const { set } = form
  const setFieldValue = useCallback(
    ({ fieldId, value, options }: { fieldId: string; value: unknown; options?: Options }) => {
      const mapped = plugin.fields.find(([id]) => id === fieldId)
      if (!mapped) {
        console.error('setFieldValue: the id is not in the fieldMap of the plugin', fieldId)
        return
      }
      if (viewMode) return
      set(mapped[1].id, value, options ?? {})
    },
    [plugin, set, viewMode],
  )
  const fields = useRef(context)
  fields.current = context
  const setContextFieldValue = useCallback(
    ({ fieldId, value }: { fieldId: string; value: unknown }) => {
      const field = fields.current[fieldId]
      if (!field) {
        console.error('setContextFieldValue: there is no such context field', fieldId)
        return
      }
      if (!viewMode && typeof value === 'string') field.set(value)
    },
    [viewMode],
  )

  return (
    <div ref={holder} className="plugin" data-plugin={plugin.id}>
      <Plugin
        pluginSource={new URL(plugin.source, base + '/').href}
        width={width}
        {...{ ...place, fieldsMetadata, values, setFieldValue, setContextFieldValue, errors, warnings, viewMode }}
        {...{ formSubmitted: form.submitted }}
      />
    </div>
  )
}

/** The same object as before as long as it says the same. */
function useStable<T extends object>(now: T): T {
  const kept = useRef({ text: '', value: now })
  const text = JSON.stringify(now)
  if (kept.current.text !== text) kept.current = { text, value: now }
  return kept.current.value
}

/** Whatever happens to a plugin's frame, the form around it stays. */
class Boundary extends Component<{ message: string; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false }
  static getDerivedStateFromError() {
    return { failed: true }
  }
  override render() {
    return this.state.failed ? <p className="error">{this.props.message}</p> : this.props.children
  }
}
