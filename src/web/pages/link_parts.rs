//! Small values that the recipient's pages share: a form field, who fills it in, a phone.
//! They hold words ready for a person; how the words are found is somebody else's business.

/// One field of a form: what was typed, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// As the person typed it; kept when the form comes back.
    pub value: String,
    /// What is wrong and what to do; repeats what was typed. `None` is right, or not yet judged.
    pub error: Option<String>,
}

/// One line of the summary above a form that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The element to jump to.
    pub id: &'static str,
    /// The same sentence as beside the field.
    pub text: String,
}

/// The mistakes of a form in the order of the page.
#[must_use]
pub fn mistakes(errors: &[(&'static str, &Option<String>)]) -> Vec<Mistake> {
    errors
        .iter()
        .filter_map(|(id, error)| error.as_ref().map(|text| Mistake { id, text: text.clone() }))
        .collect()
}

/// Who fills in a form: asked in the same three fields on every page of the recipient.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// 姓名.
    pub name: Field,
    /// 职务.
    pub post: Field,
    /// 电话.
    pub phone: Field,
}

/// A telephone that can be pressed on a phone.
#[derive(Clone, Debug)]
pub struct Phone {
    /// As printed: `0731-82210000`.
    pub shown: String,
    /// What is dialled: digits with an optional leading `+`, nothing else.
    pub dial: String,
}
