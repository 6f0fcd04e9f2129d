// A visit, a referral: one event of a stage, new, shown or edited.
import { useMemo, useState } from 'react'
import { newUid, Refusal, write, type Context } from './dhis2'
import { FormView } from './FormView'
import { fieldsOf, layout } from './layout'
import type { Enrollment, Event, Program, Stage, TrackedEntity, Values } from './model'
import { AskButton, Heading, Summary, Trouble } from './parts'
import { fill, statusText, type Texts } from './texts'
import { useForm } from './useForm'
import { byField, useSave } from './useSave'
import { changes, fromServer, isDay } from './values'

interface Props {
  c: Context
  t: Texts
  program: Program
  stage: Stage
  unit: string
  te: TrackedEntity
  enrollment: Enrollment
  event?: Event
  done(): void
  leave(): void
}

export function EventForm({ c, t, program, stage, unit, te, enrollment, event, done, leave }: Props) {
  const sections = useMemo(() => layout(c.forms, stage.id, stage.fields, stage.name), [c.forms, stage])
  const fields = useMemo(() => fieldsOf(sections), [sections])
  const initial = useMemo<Values>(
    () => (event ? fromServer(fields, event.dataValues.map((v) => ({ id: v.dataElement, value: v.value }))) : {}),
    [fields, event],
  )
  const form = useForm(fields, initial, t)
  const [occurredAt, setOccurredAt] = useState(event ? (event.occurredAt ?? '').slice(0, 10) : c.today)
  const [editing, setEditing] = useState(!event)
  const [wrong, setWrong] = useState<string[]>([])
  const [uid] = useState(() => event?.event ?? newUid())
  const { busy, error, run } = useSave()
  const day = isDay(occurredAt)

  const send = (status: string, values: Values, check: boolean) =>
    run(async () => {
      const incomplete = check ? form.submit() : []
      setWrong(incomplete)
      if (incomplete.length > 0 || !day) return
      const dataValues = changes(fields, initial, values).map(({ id, value }) => ({ dataElement: id, value }))
      const { trackedEntity } = te
      const payload = { programStage: stage.id, program: program.id, enrollment: enrollment.enrollment, trackedEntity, occurredAt, status, dataValues }
      try {
        await write({ events: [{ ...payload, event: uid, orgUnit: event?.orgUnit ?? unit }] }, event ? 'UPDATE' : 'CREATE_AND_UPDATE')
      } catch (e) {
        const found = byField(e, fields, t)
        form.complain(found)
        setWrong(Object.keys(found))
        if (e instanceof Refusal && e.complaints.length > 0 && e.complaints.every((x) => fields.some((f) => x.args.includes(f.id)))) return
        throw e
      }
      done()
    })

  const remove = () =>
    run(async () => {
      await write({ events: [{ event: event!.event }] }, 'DELETE')
      done()
    })

  const place = {
    orgUnitId: event?.orgUnit ?? unit,
    programId: program.id,
    programStageId: stage.id,
    enrollmentId: enrollment.enrollment,
    teiId: te.trackedEntity,
    ...(event ? { eventId: event.event } : {}),
  }
  const status = event?.status ?? 'ACTIVE'
  return (
    <form
      className="form"
      noValidate
      onSubmit={(e) => {
        e.preventDefault()
        if (editing) void send(status, form.values, true)
      }}
    >
      <Heading>{event ? stage.name : fill(t.newEvent, stage.name)}</Heading>
      {event && <p className="hint">{statusText(t, status)}</p>}
      <Summary wrong={wrong} fields={fields} errors={form.errors} t={t} />
      <Trouble error={error} t={t} />
      <FormView {...{ sections, form, place, t }} context={{ occurredAt: { value: occurredAt, set: setOccurredAt } }} units={c.units} viewMode={!editing}>
        <section className="card">
          <div className={form.submitted && !day ? 'field wrong' : 'field'}>
            <label className="label" htmlFor="occurredAt">
              {t.occurredAt}
              <span aria-hidden="true"> *</span>
            </label>
            <div className="control">
              <input id="occurredAt" type="date" required disabled={!editing} value={occurredAt} onChange={(e) => setOccurredAt(e.target.value)} />
              {form.submitted && !day && <p className="message">{fill(t.badDate, t.occurredAt)}</p>}
            </div>
          </div>
        </section>
      </FormView>
      <div className="actions">
        {editing ? (
          <>
            <button key="save" type="submit" className="primary" disabled={busy}>
              {t.save}
            </button>
            {status !== 'COMPLETED' && (
              <button type="button" disabled={busy} onClick={() => void send('COMPLETED', form.values, true)}>
                {t.saveAndComplete}
              </button>
            )}
          </>
        ) : (
          <>
            {/* Without keys React would make this button the one that saves, and the same click would press it. */}
            <button key="edit" type="button" className="primary" onClick={() => setEditing(true)}>
              {t.edit}
            </button>
            {status === 'COMPLETED' ? (
              <button type="button" disabled={busy} onClick={() => void send('ACTIVE', initial, false)}>
                {t.reopen}
              </button>
            ) : (
              <button type="button" disabled={busy} onClick={() => void send('COMPLETED', initial, true)}>
                {t.complete}
              </button>
            )}
            <AskButton className="danger" label={t.deleteEvent} question={t.sureDeleteEvent} yes={t.delete} no={t.cancel} act={() => void remove()} />
          </>
        )}
        <AskButton label={t.cancel} question={t.sureLeave} yes={t.leave} no={t.stay} unless={!form.dirty} act={leave} />
      </div>
    </form>
  )
}
