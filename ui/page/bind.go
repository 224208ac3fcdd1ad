package page

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-playground/validator/v10"

	"caconsole/admin/fault"
)

// validate checks the tags of form structs. It names fields by their form tag.
var validate = func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		if name := f.Tag.Get("form"); name != "" {
			return name
		}
		return f.Name
	})
	return v
}()

// fieldKeys maps a validator's tag to the sentence a reader sees.
var fieldKeys = map[string]string{
	"required": "field_required", "required_if": "field_required", "required_with": "field_required",
	"max": "field_too_long", "min": "field_too_short", "len": "field_wrong_length",
	"oneof": "field_not_offered", "email": "field_not_email", "numeric": "field_not_number", "uuid": "field_wrong",
}

// Bind reads the form into a struct with form tags, trims its texts and checks its validate tags.
//
//	type decision struct {
//		Reason string `form:"reason" validate:"required,oneof=seal_unclear no_signature"`
//		Note   string `form:"note" validate:"max=500"`
//	}
//
// Errors: Invalid "invalid_field" with the fields. A struct field tagged `trim:"no"` (a password) stays as it was sent.
func (c *Ctx) Bind(form any) error {
	if err := c.f.BodyParser(form); err != nil {
		return fault.New(fault.Invalid, "form_unreadable", nil)
	}
	trim(reflect.ValueOf(form).Elem())
	err := validate.StructCtx(c.Context(), form)
	var wrong validator.ValidationErrors
	if !errors.As(err, &wrong) {
		return fault.Wrap("form_unreadable", err)
	}
	fields := make([]fault.Field, 0, len(wrong))
	for _, w := range wrong {
		key, ok := fieldKeys[w.Tag()]
		if !ok {
			key = "field_wrong"
		}
		f := fault.Field{Name: w.Field(), Key: key}
		if n, err := strconv.Atoi(w.Param()); err == nil {
			f.Args = fault.Args{"limit": n}
		}
		fields = append(fields, f)
	}
	return fault.InvalidFields(fields...)
}

func trim(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Kind() == reflect.String && f.CanSet() && v.Type().Field(i).Tag.Get("trim") != "no" {
			f.SetString(strings.TrimSpace(f.String()))
		}
	}
}
