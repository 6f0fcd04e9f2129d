package portal

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
)

// Bounds of a form with a file, beside that of the file.
const (
	maxParts = 24
	maxValue = 8 << 10 // bytes of a field
)

func isMultipart(r *http.Request) bool {
	typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && typ == "multipart/form-data"
}

// takeUpload reads a form with at most one file, in the field file, into memory: its
// size is bounded, and nothing of it is ever written to a disk.
func (v *Visit) takeUpload(most int64) error {
	v.R.Body = http.MaxBytesReader(v.W, v.R.Body, most+maxForm)
	parts, err := v.R.MultipartReader()
	if err != nil {
		return &StatusError{Status: http.StatusBadRequest}
	}
	values := url.Values{}
	left := int64(maxForm)
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			v.R.PostForm, v.R.Form = values, values
			return nil
		}
		if err != nil {
			return uploadError(err)
		}
		if n >= maxParts || len(part.Header) > 4 {
			return &StatusError{Status: http.StatusBadRequest}
		}
		name := part.FormName()
		if name == "file" {
			if v.Upload != nil {
				return &StatusError{Status: http.StatusBadRequest}
			}
			// One byte more than is taken tells that it is too large.
			if v.Upload, err = io.ReadAll(io.LimitReader(part, most+1)); err != nil {
				return uploadError(err)
			}
			if int64(len(v.Upload)) > most {
				return &StatusError{Status: http.StatusRequestEntityTooLarge}
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, maxValue+1))
		if err != nil {
			return uploadError(err)
		}
		if left -= int64(len(value) + len(name)); part.FileName() != "" || len(value) > maxValue || left < 0 {
			return &StatusError{Status: http.StatusBadRequest}
		}
		values.Add(name, string(value))
	}
}

func uploadError(err error) error {
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return &StatusError{Status: http.StatusRequestEntityTooLarge}
	}
	return &StatusError{Status: http.StatusBadRequest}
}
