package notify

// SpecCount is how many templates have a text.
func SpecCount() int { return len(specs) }

// Spec is a template's variables and text.
func Spec(t Template) ([]string, string) { return specs[t].params, specs[t].text }
