"""Words in kanji for what is written in kana, from the SKK project's dictionaries."""
