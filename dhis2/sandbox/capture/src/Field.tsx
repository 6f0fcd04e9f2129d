// One field of a form: label, control, and what is wrong.
import type { Field, Unit, Value } from './model'
import { shown, toServer } from './values'
import { afterClick, withPart, type Form } from './useForm'
import type { Texts } from './texts'

interface Props {
  field: Field
  form: Form
  units: Unit[]
  disabled: boolean
  t: Texts
}

export function FieldRow({ field: f, form, units, disabled, t }: Props) {
  const errors = form.errors[f.id] ?? []
  const id = 'f-' + f.id
  const group = f.type === 'BOOLEAN' && !f.options
  if (disabled) {
    const text = shown(f, toServer(f, form.values[f.id]), t.yes, t.no, (u) => units.find((x) => x.id === u)?.name ?? u)
    return (
      <div className="field" data-field={f.id}>
        <span className="label">{f.name}</span>
        <span className="value">{text || '–'}</span>
      </div>
    )
  }
  const label = (
    <>
      {f.name}
      {f.compulsory && <span aria-hidden="true"> *</span>}
    </>
  )
  return (
    <div className={errors.length > 0 ? 'field wrong' : 'field'} data-field={f.id}>
      {group ? (
        <span className="label" id={id + '-label'}>
          {label}
        </span>
      ) : (
        <label className="label" htmlFor={id}>
          {label}
        </label>
      )}
      <div className="control">
        <Control {...{ field: f, form, units, disabled, t }} id={id} invalid={errors.length > 0} />
        {errors.map((e) => (
          <p className="message" id={id + '-error'} key={e}>
            {e}
          </p>
        ))}
      </div>
    </div>
  )
}

const numeric = ['NUMBER', 'PERCENTAGE', 'UNIT_INTERVAL', 'INTEGER', 'INTEGER_POSITIVE', 'INTEGER_NEGATIVE', 'INTEGER_ZERO_OR_POSITIVE']

function Control({ field: f, form, units, id, invalid, t }: Props & { id: string; invalid: boolean }) {
  const v = form.values[f.id]
  const text = typeof v === 'string' ? v : ''
  const set = (value: Value | undefined) => form.set(f.id, value)
  const common = {
    id,
    required: f.compulsory,
    'aria-invalid': invalid,
    ...(invalid ? { 'aria-describedby': id + '-error' } : {}),
    onBlur: () => afterClick(() => form.touch(f.id)),
  }
  if (f.options) {
    return (
      <select {...common} value={text} onChange={(e) => set(e.target.value)}>
        <option value="">{t.choose}</option>
        {f.options.map((o) => (
          <option key={o.code} value={o.code}>
            {o.name}
          </option>
        ))}
      </select>
    )
  }
  const part = (name: string) => (typeof v === 'object' ? (v[name] ?? '') : '')
  const partInput = (name: string, type: string, label: string) => (
    <input
      {...common}
      id={name === 'date' || name === 'latitude' ? id : `${id}-${name}`}
      aria-label={`${f.name}: ${label}`}
      type={type}
      value={part(name)}
      onChange={(e) => set(withPart(v, name, e.target.value))}
    />
  )
  switch (f.type) {
    case 'LONG_TEXT':
      return <textarea {...common} rows={3} value={text} onChange={(e) => set(e.target.value)} />
    case 'BOOLEAN':
      return (
        <span className="choices" role="radiogroup" aria-labelledby={id + '-label'} aria-required={f.compulsory} onBlur={common.onBlur}>
          {[
            ['true', t.yes],
            ['false', t.no],
          ].map(([value, name]) => (
            <label key={value}>
              <input type="radio" name={id} value={value} checked={text === value} onChange={() => set(value)} />
              {name}
            </label>
          ))}
          {text !== '' && (
            <button type="button" className="plain" aria-label={`${t.clear}: ${f.name}`} onClick={() => set(undefined)}>
              {t.clear}
            </button>
          )}
        </span>
      )
    case 'TRUE_ONLY':
      return <input {...common} type="checkbox" checked={text === 'true'} onChange={(e) => set(e.target.checked ? 'true' : undefined)} />
    case 'DATE':
      return <input {...common} type="date" value={text} onChange={(e) => set(e.target.value)} />
    case 'TIME':
      return <input {...common} type="time" value={text} onChange={(e) => set(e.target.value)} />
    case 'AGE':
      return partInput('date', 'date', t.birthDate)
    case 'DATETIME':
      return (
        <span className="choices">
          {partInput('date', 'date', t.date)}
          {partInput('time', 'time', t.time)}
        </span>
      )
    case 'COORDINATE':
      return (
        <span className="choices">
          {partInput('latitude', 'text', t.latitude)}
          {partInput('longitude', 'text', t.longitude)}
        </span>
      )
    case 'ORGANISATION_UNIT':
      return (
        <select {...common} value={part('id')} onChange={(e) => set(e.target.value ? { id: e.target.value } : undefined)}>
          <option value="">{t.choose}</option>
          {units.map((u) => (
            <option key={u.id} value={u.id}>
              {u.name}
            </option>
          ))}
        </select>
      )
    case 'FILE_RESOURCE':
    case 'IMAGE':
      return <span className="value">{t.noFiles}</span>
    default:
      return (
        <input
          {...common}
          type={f.type === 'EMAIL' ? 'email' : f.type === 'PHONE_NUMBER' ? 'tel' : 'text'}
          inputMode={numeric.includes(f.type) ? 'decimal' : undefined}
          autoComplete="off"
          value={text}
          onChange={(e) => set(e.target.value)}
        />
      )
  }
}
