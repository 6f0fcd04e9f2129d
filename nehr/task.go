package nehr

import (
	"github.com/go-json-experiment/json/jsontext"
	"github.com/samply/golang-fhir-models/fhir-models/fhir"
)

// TaskStatus is a code of http://hl7.org/fhir/task-status.
type TaskStatus string

// Statuses of a task.
const (
	TaskDraft          TaskStatus = "draft"
	TaskRequested      TaskStatus = "requested"
	TaskReceived       TaskStatus = "received"
	TaskAccepted       TaskStatus = "accepted"
	TaskRejected       TaskStatus = "rejected"
	TaskReady          TaskStatus = "ready"
	TaskCancelled      TaskStatus = "cancelled"
	TaskInProgress     TaskStatus = "in-progress"
	TaskOnHold         TaskStatus = "on-hold"
	TaskFailed         TaskStatus = "failed"
	TaskCompleted      TaskStatus = "completed"
	TaskEnteredInError TaskStatus = "entered-in-error"
)

// Task follows a request through its states. Status, owner once accepted, and
// output are the portals' own fields.
type Task struct {
	Kind tag[Task] `json:"resourceType"`
	Base
	BasedOn         []Reference       `json:"basedOn,omitempty"`
	GroupIdentifier *Identifier       `json:"groupIdentifier,omitzero,omitempty"`
	PartOf          []Reference       `json:"partOf,omitempty"`
	Status          TaskStatus        `json:"status,omitzero"`
	StatusReason    *CodeableConcept  `json:"statusReason,omitzero,omitempty"`
	BusinessStatus  *CodeableConcept  `json:"businessStatus,omitzero,omitempty"`
	Intent          RequestIntent     `json:"intent,omitzero"`
	Priority        RequestPriority   `json:"priority,omitzero"`
	Code            *CodeableConcept  `json:"code,omitzero,omitempty"`
	Description     string            `json:"description,omitzero"`
	Focus           *Reference        `json:"focus,omitzero,omitempty"`
	For             *Reference        `json:"for,omitzero,omitempty"`
	Encounter       *Reference        `json:"encounter,omitzero,omitempty"`
	ExecutionPeriod *Period           `json:"executionPeriod,omitzero,omitempty"`
	AuthoredOn      string            `json:"authoredOn,omitzero"`
	AuthoredOnExt   *Element          `json:"_authoredOn,omitzero,omitempty"`
	LastModified    string            `json:"lastModified,omitzero"`
	Requester       *Reference        `json:"requester,omitzero,omitempty"`
	PerformerType   []CodeableConcept `json:"performerType,omitempty"`
	Owner           *Reference        `json:"owner,omitzero,omitempty"`
	Location        *Reference        `json:"location,omitzero,omitempty"`
	ReasonCode      *CodeableConcept  `json:"reasonCode,omitzero,omitempty"`
	ReasonReference *Reference        `json:"reasonReference,omitzero,omitempty"`
	Insurance       []Reference       `json:"insurance,omitempty"`
	Note            []Annotation      `json:"note,omitempty"`
	RelevantHistory []Reference       `json:"relevantHistory,omitempty"`
	Restriction     *TaskRestriction  `json:"restriction,omitzero,omitempty"`
	Input           []TaskParameter   `json:"input,omitempty"`
	Output          []TaskParameter   `json:"output,omitempty"`
	samplyTask
}

type samplyTask struct{ fhir.OtherTask }

// TaskRestriction says when and for whom the task is to be done.
type TaskRestriction struct {
	Id          string         `json:"id,omitzero"`
	Extension   []Extension    `json:"extension,omitempty"`
	Repetitions int            `json:"repetitions,omitzero"`
	Period      *Period        `json:"period,omitzero,omitempty"`
	Recipient   []Reference    `json:"recipient,omitempty"`
	Rest        jsontext.Value `json:",embed"`
}

// TaskParameter is an input or output of a task. One value is set; samply's
// model would write all fifty. A value[x] of another type is in Rest.
type TaskParameter struct {
	Id                   string           `json:"id,omitzero"`
	Extension            []Extension      `json:"extension,omitempty"`
	Type                 *CodeableConcept `json:"type,omitzero,omitempty"`
	ValueBoolean         *bool            `json:"valueBoolean,omitzero"`
	ValueString          string           `json:"valueString,omitzero"`
	ValueDateTime        string           `json:"valueDateTime,omitzero"`
	ValueCodeableConcept *CodeableConcept `json:"valueCodeableConcept,omitzero,omitempty"`
	ValueReference       *Reference       `json:"valueReference,omitzero,omitempty"`
	ValuePeriod          *Period          `json:"valuePeriod,omitzero,omitempty"`
	Rest                 jsontext.Value   `json:",embed"`
}

// ResourceType is "Task".
func (*Task) ResourceType() string { return "Task" }
