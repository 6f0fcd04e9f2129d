// A person is enrolled, or her profile edited.
import { useMemo, useRef, useState } from 'react'
import { attributesOf, newUid, Refusal, write, type Context } from './dhis2'
import { FormView } from './FormView'
import { fieldsOf, layout } from './layout'
import type { Program, TrackedEntity, Values } from './model'
import type { ContextFields } from './PluginField'
import { AskButton, Heading, Summary, Trouble } from './parts'
import { fill, type Texts } from './texts'
import { useForm } from './useForm'
import { byField, useSave } from './useSave'
import { changes, fromServer, isDay } from './values'

interface Props {
  c: Context
  t: Texts
  program: Program
  unit: string
  /** Who is edited; without, somebody new is enrolled. */
  person?: { te: TrackedEntity; enrollment: string }
  done(te: string, enrollment: string): void
  leave(): void
}

export function Registration({ c, t, program, unit, person, done, leave }: Props) {
  const sections = useMemo(() => layout(c.forms, program.id, program.fields, t.profile), [c.forms, program, t])
  const fields = useMemo(() => fieldsOf(sections), [sections])
  const initial = useMemo<Values>(
    () => (person ? fromServer(fields, attributesOf(person.te).map((a) => ({ id: a.attribute, value: a.value }))) : {}),
    [fields, person],
  )
  const form = useForm(fields, initial, t)
  const [enrolledAt, setEnrolledAt] = useState(c.today)
  const [wrong, setWrong] = useState<string[]>([])
  const [chosen] = useState(() => ({ trackedEntity: newUid(), enrollment: newUid() }))
  const { busy, error, run } = useSave()
  const top = useRef<HTMLDivElement>(null)
  const context: ContextFields = person ? {} : { enrolledAt: { value: enrolledAt, set: setEnrolledAt } }
  const day = isDay(enrolledAt) && enrolledAt <= c.today

  const save = () =>
    run(async () => {
      const incomplete = form.submit()
      setWrong(incomplete)
      if (incomplete.length > 0 || (!person && !day)) return
      const attributes = changes(fields, initial, form.values).map(({ id, value }) => ({ attribute: id, value }))
      try {
        if (person) {
          const { trackedEntity, trackedEntityType, orgUnit } = person.te
          await write({ trackedEntities: [{ trackedEntity, trackedEntityType, orgUnit, attributes }] }, 'UPDATE')
          done(trackedEntity, person.enrollment)
          return
        }
        const { trackedEntity, enrollment: uid } = chosen
        const enrollment = { enrollment: uid, program: program.id, orgUnit: unit, enrolledAt, occurredAt: enrolledAt, status: 'ACTIVE', attributes }
        await write({ trackedEntities: [{ trackedEntity, trackedEntityType: program.type, orgUnit: unit, enrollments: [enrollment] }] })
        done(trackedEntity, uid)
      } catch (e) {
        const found = byField(e, fields, t)
        form.complain(found)
        setWrong(Object.keys(found))
        top.current?.scrollIntoView({ block: 'nearest' })
        // What is told at its field need not be told twice.
        if (e instanceof Refusal && e.complaints.length > 0 && e.complaints.every((x) => fields.some((f) => x.args.includes(f.id)))) return
        throw e
      }
    })

  const title = person ? t.profile : fill(t.newPerson, program.typeName || program.name)
  return (
    <form
      className="form"
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        void save()
      }}
    >
      <div ref={top} />
      <Heading>{title}</Heading>
      <p className="hint">{t.requiredMark}</p>
      <Summary wrong={wrong} fields={fields} errors={form.errors} t={t} />
      <Trouble error={error} t={t} />
      <FormView
        {...{ sections, form, context, t }}
        units={c.units}
        viewMode={false}
        place={{ orgUnitId: unit, programId: program.id, ...(person ? { teiId: person.te.trackedEntity, enrollmentId: person.enrollment } : {}) }}
      >
        {!person && (
          <section className="card">
            <h2>{t.enrollment}</h2>
            <div className={form.submitted && !day ? 'field wrong' : 'field'}>
              <label className="label" htmlFor="enrolledAt">
                {t.enrolledAt}
                <span aria-hidden="true"> *</span>
              </label>
              <div className="control">
                <input id="enrolledAt" type="date" required max={c.today} value={enrolledAt} onChange={(e) => setEnrolledAt(e.target.value)} aria-invalid={form.submitted && !day} />
                {form.submitted && !day && <p className="message">{fill(t.badDate, t.enrolledAt)}</p>}
              </div>
            </div>
          </section>
        )}
      </FormView>
      <div className="actions">
        <button type="submit" className="primary" disabled={busy}>
          {t.save}
        </button>
        <AskButton label={t.cancel} question={t.sureLeave} yes={t.leave} no={t.stay} unless={!form.dirty} act={leave} />
      </div>
    </form>
  )
}
