package nehr

import "reflect"

// WrittenByPlan tells whether a resource is written without the library.
func WrittenByPlan(r Resource) bool {
	v := reflect.ValueOf(r).Elem()
	_, ok := planFor(v.Type()).write(nil, v)
	return ok
}
