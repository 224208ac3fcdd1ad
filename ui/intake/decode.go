package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"caconsole/admin/fault"
)

// maxDepth bounds how deep objects and arrays may nest; the deepest body of the API has two levels.
const maxDepth = 8

// decode reads a JSON body strictly: one object, no unknown or repeated names, no trailing data. What does not fit is
// an Invalid fault that names the field where there is one.
func decode(body []byte, into any) error {
	if err := checkShape(body); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		return fieldFault(wrongType.Field, "wrong_type")
	}
	// encoding/json has no type for this one, only its text.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fieldFault(strings.Trim(name, `"`), "unknown_field")
	}
	return &fault.Error{Kind: fault.Invalid, Key: "body_not_json", Cause: err}
}

func fieldFault(name, key string) error {
	if name == "" {
		return fault.New(fault.Invalid, "body_not_object", nil)
	}
	return fault.InvalidField(name, key)
}

// checkShape walks the tokens once: encoding/json itself takes the last of repeated names and any depth.
func checkShape(body []byte) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	first, err := dec.Token()
	if err != nil {
		return &fault.Error{Kind: fault.Invalid, Key: "body_not_json", Cause: err}
	}
	if first != json.Delim('{') {
		return fault.New(fault.Invalid, "body_not_object", nil)
	}
	if err := checkObject(dec, "", 1); err != nil {
		var known *fault.Error
		if errors.As(err, &known) {
			return err
		}
		return &fault.Error{Kind: fault.Invalid, Key: "body_not_json", Cause: err}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "body_not_json", nil)
	}
	return nil
}

func checkObject(dec *json.Decoder, path string, depth int) error {
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return fmt.Errorf("intake: object key %v", token)
		}
		// Folded, because encoding/json matches names without regard to case.
		folded := strings.ToLower(name)
		if seen[folded] {
			return fault.InvalidField(path+name, "repeated_field")
		}
		seen[folded] = true
		if err := checkValue(dec, path+name+".", depth); err != nil {
			return err
		}
	}
	_, err := dec.Token()
	return err
}

func checkValue(dec *json.Decoder, path string, depth int) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	if depth >= maxDepth {
		return fault.New(fault.Invalid, "body_too_deep", nil)
	}
	if delim == '{' {
		return checkObject(dec, path, depth+1)
	}
	for dec.More() {
		if err := checkValue(dec, path, depth+1); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}
