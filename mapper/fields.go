package mapper

// Fields is the field filter to read a document with (fields= of
// GET /api/tracker/trackedEntities/{uid}, with program= of the map): what is
// mapped, and nothing else. Notes, relationships, owners and
// the names that DHIS2 repeats do not leave it (D-104).
const Fields = "trackedEntity,trackedEntityType,updatedAt,orgUnit,deleted," + fieldsOfAttributes + "," +
	"enrollments[enrollment,trackedEntity,program,status,orgUnit,enrolledAt,updatedAt,deleted," + fieldsOfAttributes + "," +
	"events[event,status,program,programStage,enrollment,trackedEntity,orgUnit,occurredAt,scheduledAt,completedAt,completedBy," +
	"updatedAt,deleted,createdBy" + fieldsOfUser + ",updatedBy" + fieldsOfUser + ",assignedUser" + fieldsOfUser + "," +
	"dataValues[dataElement,value,updatedAt,createdBy" + fieldsOfUser + ",updatedBy" + fieldsOfUser + "]]]"

const (
	fieldsOfAttributes = "attributes[attribute,value,updatedAt]"
	fieldsOfUser       = "[uid,username,firstName,surname]"
)
