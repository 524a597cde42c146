package cloud

func markdownEnumTail([]string) string { return "" }

func mdInline(text string) string { return text }
