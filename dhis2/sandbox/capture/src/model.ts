// What the forms read of DHIS2's metadata and of its tracker documents.

/** A field of a form: an attribute or a data element. */
export interface Field {
  id: string
  name: string
  code: string
  type: string
  options: { code: string; name: string }[] | null
  compulsory: boolean
  unique: boolean
}

export interface Stage {
  id: string
  name: string
  repeatable: boolean
  fields: Field[]
}

export interface Program {
  id: string
  name: string
  type: string // of its tracked entities
  typeName: string
  onlyEnrollOnce: boolean
  fields: Field[]
  stages: Stage[]
}

export interface Unit {
  id: string
  name: string
  path: string
}

/**
 * A value as Capture keeps it in a form: text, or an object for types of
 * several parts ({date,time}, {date}, {latitude,longitude}, {id}).
 */
export type Value = string | { [part: string]: string }
export type Values = { [id: string]: Value | undefined }

export interface Attribute {
  attribute: string
  value: string
}

export interface Event {
  event: string
  programStage: string
  orgUnit: string
  occurredAt?: string
  status: string
  dataValues: { dataElement: string; value: string }[]
}

export interface Enrollment {
  enrollment: string
  program: string
  orgUnit: string
  enrolledAt: string
  status: string
  attributes: Attribute[]
  events: Event[]
}

export interface TrackedEntity {
  trackedEntity: string
  trackedEntityType: string
  orgUnit: string
  updatedAt: string
  attributes: Attribute[]
  enrollments: Enrollment[]
}
