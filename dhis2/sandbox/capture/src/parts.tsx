// Small parts that the pages share.
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { base, Refusal } from './dhis2'
import type { Field } from './model'
import { fill, type Texts } from './texts'

/** What went wrong with a request, and how to go on. */
export function Trouble({ error, t, retry }: { error: unknown; t: Texts; retry?: () => void }) {
  if (!error) return null
  const e = error instanceof Refusal ? error : new Refusal(-1, String(error))
  return (
    <div className="error" role="alert">
      {e.status === 0 && <p>{t.notReached}</p>}
      {e.status === 401 && (
        <p>
          {t.sessionEnded}{' '}
          <a href={base + '/dhis-web-login/'} target="_blank" rel="noreferrer">
            {t.logIn}
          </a>
        </p>
      )}
      {e.status === 404 && <p>{t.gone}</p>}
      {e.complaints.length > 0 && <p>{t.refused}</p>}
      {e.complaints.length === 0 && ![0, 401, 404].includes(e.status) && (
        <p>
          {fill(t.failed, String(e.status))} {e.message}
        </p>
      )}
      {e.complaints.length > 0 && (
        <ul>
          {e.complaints.map((c, i) => (
            <li key={i}>
              {c.code}: {c.message}
            </li>
          ))}
        </ul>
      )}
      {retry && (
        <p>
          <button type="button" onClick={retry}>
            {t.tryAgain}
          </button>
        </p>
      )}
    </div>
  )
}

/** The fields to correct, above a form that was not saved. Each leads to its field. */
export function Summary({ wrong, fields, errors, t }: { wrong: string[]; fields: Field[]; errors: { [id: string]: string[] }; t: Texts }) {
  const box = useRef<HTMLDivElement>(null)
  const shown = wrong.filter((id) => (errors[id] ?? []).length > 0)
  // After each try to save, and never while somebody types.
  useEffect(() => {
    if (wrong.length > 0) box.current?.focus()
  }, [wrong])
  if (shown.length === 0) return null
  return (
    <div className="error" role="alert" tabIndex={-1} ref={box}>
      <p>{t.correct}</p>
      <ul>
        {shown.map((id) => (
          <li key={id}>
            <button
              type="button"
              className="plain"
              onClick={() => window.document.querySelector<HTMLElement>(`[data-field="${id}"] :is(input,select,textarea)`)?.focus()}
            >
              {(errors[id] ?? []).join(' ')}
              {fields.some((f) => f.id === id) ? '' : ` (${id})`}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** A button that asks before it does. */
export function AskButton(p: { label: string; question: string; yes: string; no: string; className?: string; act: () => void; unless?: boolean }) {
  const dialog = useRef<HTMLDialogElement>(null)
  return (
    <>
      <button type="button" className={p.className} onClick={() => (p.unless ? p.act() : dialog.current?.showModal())}>
        {p.label}
      </button>
      <dialog ref={dialog} aria-label={p.question}>
        <p>{p.question}</p>
        <div className="actions">
          <button
            type="button"
            className={p.className}
            onClick={() => {
              dialog.current?.close()
              p.act()
            }}
          >
            {p.yes}
          </button>
          <button type="button" onClick={() => dialog.current?.close()} autoFocus>
            {p.no}
          </button>
        </div>
      </dialog>
    </>
  )
}

/** Something that is read, again when key changes or on demand. */
export function useLoaded<T>(key: string, read: () => Promise<T>): { value: T | null; error: unknown; again: () => void } {
  const [state, setState] = useState<{ value: T | null; error: unknown; key: string }>({ value: null, error: null, key: '' })
  const [round, setRound] = useState(0)
  useEffect(() => {
    let wanted = true
    setState((s) => (s.key === key ? { ...s, error: null } : { value: null, error: null, key }))
    read().then(
      (value) => wanted && setState({ value, error: null, key }),
      (error) => wanted && setState((s) => ({ ...s, error })),
    )
    return () => {
      wanted = false
    }
    // What is read depends on key alone.
    // eslint-disable-next-line
  }, [key, round])
  return { value: state.key === key ? state.value : null, error: state.error, again: () => setRound((n) => n + 1) }
}

export function Heading({ children }: { children: ReactNode }) {
  const h = useRef<HTMLHeadingElement>(null)
  // A page that changes without a new document says so to who cannot see it.
  useEffect(() => h.current?.focus(), [])
  return (
    <h1 ref={h} tabIndex={-1}>
      {children}
    </h1>
  )
}
