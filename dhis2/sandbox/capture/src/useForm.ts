import { useCallback, useMemo, useState } from 'react'
import type { Field, Value, Values } from './model'
import { accept, broken, toServer } from './values'
import { fill, type Texts } from './texts'

/** What a plugin says beside a value. */
export interface Options {
  valid?: boolean
  touched?: boolean
  error?: string
}

export interface Form {
  values: Values
  /** By field: what is wrong, in words; for fields that may be told so already. */
  errors: { [id: string]: string[] }
  submitted: boolean
  dirty: boolean
  set(id: string, value: unknown, options?: Options): void
  touch(id: string): void
  /** What the server complained of, by field. */
  complain(errors: { [id: string]: string[] }): void
  /** Marks the form as submitted and gives the fields that are wrong. */
  submit(): string[]
}

interface State {
  values: Values
  touched: { [id: string]: boolean }
  foreign: { [id: string]: string[] } // of plugin or server, until the value changes
  submitted: boolean
}

/**
 * The state of a form. It lives above the plugins, so that nothing that one
 * does, not even its end, takes away what was typed.
 */
export function useForm(fields: Field[], initial: Values, t: Texts): Form {
  const [state, setState] = useState<State>({ values: initial, touched: {}, foreign: {}, submitted: false })
  const byId = useMemo(() => new Map(fields.map((f) => [f.id, f])), [fields])

  const set = useCallback(
    (id: string, value: unknown, options: Options = {}) => {
      const field = byId.get(id)
      if (!field) return
      const accepted = accept(field, value)
      setState((s) => ({
        ...s,
        values: accepted === null ? s.values : { ...s.values, [id]: accepted },
        touched: { ...s.touched, [id]: options.touched ?? s.touched[id] ?? false },
        foreign: {
          ...s.foreign,
          [id]: accepted === null ? [t.badShape] : options.valid === false || options.error ? [options.error || t.badValue] : [],
        },
      }))
    },
    [byId, t],
  )
  const touch = useCallback((id: string) => setState((s) => (s.touched[id] ? s : { ...s, touched: { ...s.touched, [id]: true } })), [])
  const complain = useCallback((foreign: State['foreign']) => setState((s) => ({ ...s, foreign, submitted: true })), [])

  const wrong = useMemo(() => {
    const all: { [id: string]: string[] } = {}
    for (const f of fields) {
      const rule = broken(f, state.values[f.id])
      const list = [...(rule ? [fill((t as Record<string, string>)[rule] ?? t.badValue, f.name)] : []), ...(state.foreign[f.id] ?? [])]
      if (list.length > 0) all[f.id] = list
    }
    return all
  }, [fields, state.values, state.foreign, t])

  const errors = useMemo(
    () =>
      Object.fromEntries(
        Object.entries(wrong).filter(([id]) => state.submitted || state.touched[id] || (state.foreign[id] ?? []).length > 0),
      ),
    [wrong, state.submitted, state.touched, state.foreign],
  )
  const submit = useCallback(() => {
    setState((s) => (s.submitted ? s : { ...s, submitted: true }))
    return Object.keys(wrong)
  }, [wrong])
  const dirty = useMemo(
    () => fields.some((f) => toServer(f, state.values[f.id]) !== toServer(f, initial[f.id])),
    [fields, state.values, initial],
  )
  return { values: state.values, errors, submitted: state.submitted, dirty, set, touch, complain, submit }
}

/** A value of one part of a structured field. */
export function withPart(v: Value | undefined, name: string, text: string): Value {
  return { ...(typeof v === 'object' ? v : {}), [name]: text }
}

let pressed = false
for (const [name, down] of [['pointerdown', true], ['pointerup', false], ['pointercancel', false]] as const)
  window.addEventListener(name, () => { pressed = down }, true)

/**
 * Does something once no button of a mouse is down. A message that appears
 * when a field loses the focus moves what is below; the click that took the
 * focus would miss its button.
 */
export function afterClick(job: () => void): void {
  if (!pressed) job()
  else window.addEventListener('pointerup', () => setTimeout(job), { once: true })
}
