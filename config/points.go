package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/nehrbridge/nehrbridge/dhis2"
)

// pointsFile is the file of phn.points.
type pointsFile struct {
	// Points are the points of issue, four characters each, by organisation unit.
	Points map[dhis2.UID]string `yaml:"points"`
}

// PointsOfIssue reads the file of phn.points: under the key points the UID of each
// organisation unit that issues, with the four characters of its point. Errors are
// *MapError. What a scheme makes of a point, its registry says.
func PointsOfIssue(file string) (map[string]string, error) {
	data, err := readMap(file)
	if err != nil {
		return nil, mapError(file, []MapProblem{{File: file, Reason: err.Error()}})
	}
	return loadPoints(file, data)
}

func loadPoints(name string, data []byte) (map[string]string, error) {
	t := parseTree(name, data)
	var f pointsFile
	t.into(&f, f.check)
	if err := mapError(name, t.problems); err != nil {
		return nil, err
	}
	points := make(map[string]string, len(f.Points))
	for unit, point := range f.Points {
		points[unit.String()] = point
	}
	return points, nil
}

func (f *pointsFile) check() (problems []pathProblem) {
	if len(f.Points) == 0 {
		return []pathProblem{{"points", "want points of issue, such as points: {SbxClinic01: \"1234\"}"}}
	}
	units := slices.SortedFunc(maps.Keys(f.Points), func(a, b dhis2.UID) int { return strings.Compare(a.String(), b.String()) })
	first := map[string]dhis2.UID{}
	for _, unit := range units {
		point, path := f.Points[unit], "points."+unit.String()
		if other, twice := first[point]; twice {
			problems = append(problems, pathProblem{path, fmt.Sprintf("the point of %s: each organisation unit needs its own", other)})
		}
		first[point] = unit
		if len(point) != 4 || strings.Trim(point, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			problems = append(problems, pathProblem{path, "want four digits or capitals"})
		}
	}
	return problems
}
