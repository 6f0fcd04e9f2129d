package rules

// Unlimited is the Max of an element that may repeat without end ("*").
const Unlimited = 0xFFFF

// None stands in every index field for "there is none".
const None = -1

// Table is everything that the validator knows of the definitions.
//
// Fields named after an index hold positions in the slice of that name, or
// None. A Table that Decode returned shares its strings with the encoded text.
type Table struct {
	// Archive is the SHA-256 of the archive of definitions, in hexadecimal.
	Archive string
	// Names are the JSON property names that any definition uses; 0 is "".
	Names []Name
	// Types are the data types and resource types.
	Types []Type
	// Definitions are the structure definitions: base types and profiles.
	Definitions []Definition
	Elements    []Element
	Slices      []Slice
	Constraints []Constraint
	ValueSets   []ValueSet
	Systems     []System
	// Values are the fixed values and patterns, as JSON.
	Values []string
}

// Name is a JSON property name. For a name that a choice gives, such as
// valueQuantity, Base is the element's own name (value) and Type the type.
type Name struct {
	Text string
	Base string
	Type string
}

// Kind says how a type is written in JSON.
type Kind uint8

// The kinds of types.
const (
	Complex Kind = iota
	Primitive
	Resource
)

// Type is a data type or resource type; Root is the element that its base
// definition starts with.
type Type struct {
	Code       string
	Kind       Kind
	Abstract   bool
	Parent     int32 // index into Types
	Definition int32
	Root       int32
}

// Pack says which package a definition comes from.
type Pack uint8

// The packages of the archive.
const (
	R4 Pack = iota
	IPS
	National
)

// Definition is one StructureDefinition.
type Definition struct {
	URL      string
	Name     string
	Version  string
	Pack     Pack
	Profile  bool // constrains another definition
	Abstract bool
	Type     int32
	Root     int32
	// Contexts are the places where an extension may stand.
	Contexts []Context
}

// Context is one place where an extension may stand: an element path, or the
// URL of another extension.
type Context struct {
	Kind       string // element, extension, fhirpath
	Expression string
}

// Element is an element definition. Elements that are alike in every field are
// one, so an Element does not know the profile that it was reached through.
type Element struct {
	Name  int32 // JSON name; for a choice the name before the type
	Min   uint16
	Max   uint16
	Flags Flags
	Types []TypeRef
	Fixed int32 // index into Values: the value has to equal it
	// Pattern is the value that the element has to contain.
	Pattern   int32
	MaxLength int32
	// Minimum and Maximum bound an integer.
	Minimum, Maximum *int32
	Binding          Binding
	Constraints      []int32
	Children         []int32
	// Content is the element whose children these are (contentReference).
	Content int32
	Slicing Rules
	Slices  []int32
}

// Flags of an Element.
type Flags uint8

// The flags.
const (
	// List: written as an array.
	List Flags = 1 << iota
	// Choice: the property's name ends with the type.
	Choice
	// Partial: Children hold id and extension only, the type has the rest.
	Partial
	// Text: the content of Narrative.div.
	Text
)

// TypeRef is one type that an element may have.
type TypeRef struct {
	Type int32
	// Profiles that the value has to keep, one of them.
	Profiles []int32
	// Targets of a Reference or canonical, one of them.
	Targets []int32
}

// Strength of a binding.
type Strength uint8

// The strengths that are kept; weaker bindings bind nobody.
const (
	Unbound Strength = iota
	Required
	Extensible
	// Language: bound to the languages of BCP 47, whatever the strength.
	Language
)

// Binding ties an element to a value set.
type Binding struct {
	Strength Strength
	ValueSet int32
}

// Rules of slicing.
type Rules uint8

// The rules of slicing.
const (
	Unsliced Rules = iota
	Open
	Closed
	OpenAtEnd
)

// Slice is one slice of an element: what marks a member, and what binds it.
type Slice struct {
	Name     string
	Element  int32
	Criteria []Criterion
}

// Test is how a Criterion marks a member of a slice.
type Test uint8

// The tests of criteria.
const (
	HasFixed Test = iota
	HasPattern
	InValueSet
	IsType
	Conforms
	Exists
	Missing
)

// Criterion is one discriminator of a slice.
type Criterion struct {
	Test Test
	// Path leads from the sliced element to the one looked at; a step is an
	// index into Names, or StepResolve.
	Path []int32
	// Values holds, by test: one index into Values; one into ValueSets; some
	// into Types; some into Definitions; nothing.
	Values []int32
}

// StepResolve is the step of a Criterion's Path that follows a reference.
const StepResolve = -2

// Constraint is an invariant of severity error.
type Constraint struct {
	// ID is the key; where definitions use one key for different expressions,
	// the key, "@" and the path of the element.
	ID         string
	Expression string
	Human      string
	// Path of an element that has it, for people.
	Path string
}

// ValueSet is a value set that some element is bound to.
type ValueSet struct {
	URL string
	// Known: the archive holds the codes. A set without has a name only.
	Known bool
	Codes []Code
}

// Code is a code of a value set, in the order of System, then Text.
type Code struct {
	System int32
	Text   string
}

// System is a code system whose codes the archive holds in its value sets.
type System struct {
	URL string
	// Complete: every code of the system is in Codes, so another is wrong.
	Complete bool
	Codes    []string // sorted
}
